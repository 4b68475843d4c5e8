"""`unrolled evaluate`."""

from typing import Annotated, Literal

import typer

from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import Predictions, Words, about, measure, opened
from unrolled.files import refuse_clashes

EXAMPLES = (
    "unrolled evaluate",
    "unrolled evaluate --model basic --cell lstm --on valid",
    "unrolled evaluate --framework keras --predictions said.tsv",
)


@options.spread
def evaluate(
    *,
    model: options.Model = None,
    cell: options.CellName = None,
    framework: options.RunIn = None,
    checkpoint: options.Checkpoint = None,
    on: Annotated[
        Literal["test", "valid"],
        typer.Option(metavar="PART", help="Which words are read: test or valid."),
    ] = "test",
    words: Words,
    predictions: Predictions = None,
    as_json: options.Json = False,
) -> None:
    """Measure a trained model: phoneme and word error rate (PER, WER) on held-out words.

    The data must be that of the training, so that no word is scored that the model has seen: a
    model trained on files needs the same --train (and --valid) again. A --test file of words alone
    is read for --predictions, and not scored.
    """
    saved = opened(checkpoint, model, cell, framework)
    inputs = {**words.files, "the checkpoint": saved.path}
    refuse_clashes({"--predictions": predictions}, inputs)
    alone = words.alone(saved.case) if on == "test" else None
    if alone is None:
        data = words.load(saved.facts["data"]["stress"], saved.case)
        saved.refuse_other(data)
        name, references = data.name, data.test if on == "test" else data.valid
    else:
        name, references = str(words.test), alone
    score = measure(saved, references, predictions)
    if as_json:
        numbers = {"words": len(references)} if score is None else score.facts
        output.emit({**about(saved), "data": name, "on": on, **numbers})
        return
    console = output.console()
    if score is None:
        console.print(f"{len(references):,} words are read; without answers there is no score")
    else:
        console.print("\n".join(score.lines(f"{on} words")))
    console.print(f"checkpoint  {saved.path}, run in {saved.framework}")
