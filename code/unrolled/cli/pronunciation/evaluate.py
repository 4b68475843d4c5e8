"""`unrolled evaluate`."""

from typing import Annotated, Literal

import typer

from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import Predictions, Words, about, measure, opened

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
    on: Annotated[Literal["test", "valid"], typer.Option(help="The words to read.")] = "test",
    words: Words,
    predictions: Predictions = None,
    as_json: options.Json = False,
) -> None:
    """Measure a trained model: phoneme and word error rate (PER, WER) on held-out words.

    The data must be the same as in training, so that no word is scored that the model has seen: a
    model trained on files needs the same --train (and --valid) again.
    """
    saved = opened(checkpoint, model, cell, framework)
    data = words.load(saved.facts["data"]["stress"])
    saved.refuse_other(data)
    references = data.test if on == "test" else data.valid
    score = measure(saved, references, predictions)
    result = {
        **about(saved),
        "data": data.name,
        "on": on,
        "per": score.per,
        "wer": score.wer,
        "words": score.words,
        "wrong": score.wrong,
        "phonemes": score.phonemes,
        "errors": score.errors,
    }
    if as_json:
        output.emit(result)
        return
    console = output.console()
    console.print(f"PER {score.per:.3f}  {score.errors:,} errors in {score.phonemes:,} phonemes")
    console.print(f"WER {score.wer:.3f}  {score.wrong:,} wrong of {score.words:,} {on} words")
    console.print(f"checkpoint  {saved.path}, run in {saved.framework}")
