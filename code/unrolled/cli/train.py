"""`unrolled train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from unrolled import models
from unrolled.budgets import current
from unrolled.cli import options, output

EXAMPLES = (
    "unrolled train --model basic",
    "unrolled train --model basic --cell lstm --framework keras --epochs 8",
    "unrolled train --model stacked-bidirectional --num-layers 3 --dropout 0.1",
    "unrolled train --model window --train words.tsv --out models/mine.safetensors",
)


def train(
    model: Annotated[models.Name, typer.Option(help="What to train.")],
    cell: options.CellName = None,
    framework: Annotated[models.Framework, typer.Option(help="Where to train.")] = "pytorch",
    budget: options.HowLong = None,
    hidden_size: Annotated[
        int | None, typer.Option(**options.SIZE, help="Hidden units, H.")
    ] = None,
    embedding_size: Annotated[
        int | None, typer.Option(**options.SIZE, help="Features of a letter, D.")
    ] = None,
    num_layers: options.NumLayers = None,
    residual: options.Residual = None,
    layer_norm: options.LayerNorm = None,
    delay: options.Delay = None,
    kernel_size: options.KernelSize = None,
    filters: options.Filters = None,
    attention_size: options.AttentionSize = None,
    window: options.Window = None,
    dropout: options.Dropout = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Times through the words.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Words in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest one.")] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="Share of a weight that a step takes, times the rate.")
    ] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of the target's probability spread over all.")
    ] = None,
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
    from unrolled.training import BUDGETS, History, Recipe

    wanted = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
    }
    given: dict[str, Any] = {key: value for key, value in wanted.items() if value is not None}
    recipe = Recipe(**{**BUDGETS[budget or current()], "seed": seed, **given})
    spec = models.spec(
        model,
        cell=cell,
        hidden_size=hidden_size,
        embedding_size=embedding_size,
        num_layers=num_layers,
        residual=residual,
        layer_norm=layer_norm,
        delay=delay,
        kernel_size=kernel_size,
        filters=filters,
        attention_size=attention_size,
        window=window,
        dropout=dropout,
    )
    path = trained.default_path(spec, framework) if out is None else out
    trained.refuse_folder(path)
    data = pronunciation.load(train, valid, test, stress=stress)
    console = output.console(stderr=True)
    with trained.reserved(path):
        try:
            facts, already = trained.train(
                spec,
                framework,
                recipe,
                data,
                path,
                stress=stress,
                again=again,
                console=console if console.is_terminal else None,
                on_epoch=lambda row: console.print(_line(row, recipe.epochs)),
            )
        except KeyboardInterrupt:
            raise output.Stopped(_kept(path, recipe.epochs)) from None
    if already:
        output.note(f"{path} is already trained so; --again trains it anew")
    history = History(**facts["history"])
    which = f"--checkpoint {output.quoted(path)}"
    files = {"--train": train, "--valid": valid, "--test": test}
    evaluate = [f"{key} {output.quoted(file)}" for key, file in files.items() if file]
    result = {
        "model": spec.name,
        **spec.arguments,
        "framework": framework,
        "checkpoint": str(path),
        "data": data.name,
        "validation_words": len(data.valid),
        "epochs": history.epochs,
        "best": history.best,
        "already_trained": already,
        "next": [
            f"unrolled pronounce {which} knuth hate",
            " ".join(["unrolled evaluate", which, *evaluate]),
        ],
    }
    output.emit(result) if as_json else _show(result)


def _line(row: dict[str, float], epochs: int) -> str:
    return (
        f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.3f}  PER {row['per']:.3f}  "
        f"WER {row['wer']:.3f}  {row['letters_per_second']:,.0f} letters/s"
    )


def _kept(path: Path, epochs: int) -> str:
    from unrolled import checkpoints, training

    part = training.part_of(path)
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
