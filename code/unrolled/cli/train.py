"""`unrolled train`."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from unrolled import models
from unrolled.budgets import current
from unrolled.cli import options, output

EXAMPLES = (
    "unrolled train --model basic",
    "unrolled train --model basic --cell lstm --framework keras --epochs 8",
    "unrolled train --model window --train words.tsv --out models/mine.safetensors",
)
_SIZE = {"min": 1, "max": 4096}


def train(
    model: Annotated[models.Name, typer.Option(help="What to train.")],
    cell: options.CellName = None,
    framework: Annotated[models.Framework, typer.Option(help="Where to train.")] = "pytorch",
    budget: options.HowLong = None,
    hidden_size: Annotated[int | None, typer.Option(**_SIZE, help="Hidden units, H.")] = None,
    embedding_size: Annotated[
        int | None, typer.Option(**_SIZE, help="Features of a letter, D.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Times through the words.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Words in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest one.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides all chance.")] = 0,
    train: options.TrainFile = None,
    valid: options.ValidFile = None,
    test: options.TestFile = None,
    stress: options.Stress = False,
    out: Annotated[
        Path | None, typer.Option(help="The checkpoint; by default in the folder models.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Replace a finished model at that place.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Train a model and keep its best epoch.

    After every epoch the state is kept. After Ctrl-C, or a crash, the same command goes on from
    there and ends with the same weights. The test words are not looked at.
    """
    from unrolled import trained
    from unrolled.tasks import pronunciation
    from unrolled.training import BUDGETS, Recipe

    wanted = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    given: dict[str, Any] = {key: value for key, value in wanted.items() if value is not None}
    recipe = Recipe(**{**BUDGETS[budget or current()], "seed": seed, **given})
    spec = models.spec(model, cell=cell, hidden_size=hidden_size, embedding_size=embedding_size)
    path = out or trained.default_path(spec, framework)
    data = pronunciation.load(train, valid, test, stress=stress)
    facts = trained.describe(spec, framework, recipe, data, stress)
    with trained.reserved(path):
        kept = None if again else trained.finished(path, facts)
        if kept is not None:
            output.note(f"{path} is already trained so; --again trains it anew")
            history = kept["history"]["epochs"]
        else:
            history = _fit(spec, framework, recipe, data, path, facts)
    which = f"--checkpoint {shlex.quote(str(path))}" if out else f"--model {model}"
    files = {"--train": train, "--valid": valid, "--test": test}
    evaluate = [f"{key} {shlex.quote(str(file))}" for key, file in files.items() if file]
    result = {
        "model": spec.name,
        **spec.arguments,
        "framework": framework,
        "checkpoint": str(path),
        "data": data.name,
        "validation_words": len(data.valid),
        "epochs": history,
        "best": min(history, key=lambda row: row["per"]),
        "already_trained": kept is not None,
        "next": [
            f"unrolled pronounce {which} knuth hate",
            " ".join(["unrolled evaluate", which, *evaluate]),
        ],
    }
    output.emit(result) if as_json else _show(result)


def _fit(
    spec: models.Spec, framework: str, recipe: Any, data: Any, path: Path, facts: dict[str, Any]
) -> list[dict[str, float]]:
    """The rows of the history; Ctrl-C says what is kept."""
    from unrolled import training

    console = output.console(stderr=True)

    def tell(row: dict[str, float]) -> None:
        console.print(
            f"epoch {row['epoch']}/{recipe.epochs}  loss {row['loss']:.3f}  PER {row['per']:.3f}  "
            f"WER {row['wer']:.3f}  {row['letters_per_second']:,.0f} letters/s"
        )

    try:
        model = models.build(framework, spec, len(data.letters), len(data.tags), recipe.seed)
        trainer = models.trainer(framework, model, recipe)
        bar = console if console.is_terminal else None
        history = training.fit(trainer, data, path=path, facts=facts, console=bar, on_epoch=tell)
    except KeyboardInterrupt:
        raise output.Stopped(_kept(path, recipe.epochs)) from None
    return history.epochs


def _kept(path: Path, epochs: int) -> str:
    from unrolled import checkpoints

    part = path.with_name(path.name + ".part")
    if not part.exists():
        return "stopped before the first epoch was done; the same command begins anew"
    done = len(checkpoints.read(part).facts["history"]["epochs"])
    return f"stopped after epoch {done} of {epochs}; the same command goes on from there"


def _show(result: dict[str, Any]) -> None:
    best = result["best"]
    console = output.console()
    console.print(
        f"PER {best['per']:.3f}  WER {best['wer']:.3f}  on {result['validation_words']:,} "
        f"validation words, after epoch {best['epoch']} of {len(result['epochs'])}"
    )
    console.print(f"checkpoint  {result['checkpoint']}")
    for command in result["next"]:
        console.print(f"next        {command}")
