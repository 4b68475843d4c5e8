"""`unrolled train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unrolled import models
from unrolled.budgets import Budget, current
from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import (
    NOTHING_TO_SCORE,
    Predictions,
    Stress,
    Words,
    measure,
)
from unrolled.errors import UserError
from unrolled.files import refuse_clashes
from unrolled.models import presets

if TYPE_CHECKING:
    from unrolled.tasks.pronunciation import PronunciationTask, Reader
    from unrolled.tasks.task import Task
    from unrolled.training import History, Recipe

EXAMPLES = (
    "unrolled train --model basic",
    "unrolled train --model basic --cell lstm --framework keras --epochs 8",
    "unrolled train --model stacked-bidirectional --num-layers 3 --dropout 0.1",
    "unrolled train --model window --train words.tsv --out models/mine.safetensors",
    "unrolled train --preset benchmark --train words.tsv --test others.tsv --predictions said.tsv",
)


@options.spread
def train(
    *,
    model: Annotated[
        models.Name | None, typer.Option(metavar="NAME", help="What to train.")
    ] = None,
    preset: Annotated[
        presets.Name | None,
        typer.Option(
            metavar="NAME", help="Instead of --model: a model with its recipe; benchmark is one."
        ),
    ] = None,
    framework: Annotated[
        models.Framework, typer.Option(metavar="NAME", help="Where to train: pytorch or keras.")
    ] = "pytorch",
    budget: options.HowLong = None,
    architecture: options.Architecture,
    training: options.Training,
    words: Words,
    predictions: Predictions = None,
    stress: Stress = False,
    out: Annotated[
        Path | None, typer.Option(help="The checkpoint; by default in the folder models.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Replace a finished model at that place.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Train a model and keep its best epoch.

    The state is saved after every epoch. After Ctrl-C, or a crash, the same command resumes from
    there and ends with the same weights. The test words are used once, after training, if
    they are given by --test or read for --predictions.
    """
    from unrolled.models import saved
    from unrolled.tasks.pronunciation import PronunciationTask
    from unrolled.training import partial

    known, recipe = _chosen(model, preset, budget, training.given)
    spec = models.changed(known, **architecture.given)
    path = saved.default_path(spec, framework) if out is None else out
    saved.refuse_unkept(path)
    unfinished = {"the unfinished run": partial(path)}
    refuse_clashes({"--predictions": predictions, "--out": path, **unfinished}, words.files)
    if predictions is not None:
        _refuse_missing(predictions)
    task = PronunciationTask(words.load(stress), spec.answer)
    if words.test is not None and predictions is None and not any(task.data.test.values()):
        raise UserError(NOTHING_TO_SCORE)
    console = output.console(stderr=True)
    with saved.reserved(path):
        try:
            trained, already = saved.train(
                spec,
                framework,
                recipe,
                task,
                path,
                again=again,
                console=console if console.is_terminal else None,
                on_epoch=lambda row: console.print(_line(row, recipe.epochs, task)),
                on_resume=lambda history: console.print(_resumed(history, recipe.epochs)),
            )
        except KeyboardInterrupt:
            raise output.Stopped(_kept(path, recipe.epochs)) from None
    if already:
        output.note(f"{path} is already trained so; --again trains it anew")
    result = _result(trained, task, words) | {"already_trained": already}
    if words.test is not None or predictions is not None:
        score = measure(trained, task.data.test, predictions)
        rates = {} if score is None else {"per": score.per, "wer": score.wer}
        result["test"] = {**rates, "words": len(task.data.test)}
    output.emit(result) if as_json else _show(result)


def _result(trained: "Reader", task: "PronunciationTask", words: Words) -> dict[str, Any]:
    """What the command reports about a trained model."""
    from unrolled.training import History

    history = History(**trained.facts["history"])
    spec, which = trained.facts["model"], f"--checkpoint {output.quoted(trained.path)}"
    return {
        "model": spec["name"],
        **spec["arguments"],
        "framework": trained.framework,
        "seed": trained.facts["recipe"]["seed"],
        "recipe": trained.facts["recipe"],
        "versions": trained.facts["versions"],
        "machine": trained.facts.get("machine", {}),
        "parameters": sum(array.size for array in trained.predictor.weights().values()),
        "checkpoint": str(trained.path),
        "data": task.data.name,
        "validation_words": len(task.data.valid),
        "epochs": history.epochs,
        "best": history.best,
        "next": [
            f"unrolled pronounce {which} knuth hate",
            " ".join(["unrolled evaluate", which, *words.typed]),
        ],
    }


def _chosen(
    model: str | None, preset: str | None, budget: Budget | None, given: dict[str, Any]
) -> "tuple[models.Spec, Recipe]":
    """The model and its recipe, from the budget or from the preset."""
    from unrolled.training import BUDGETS, Recipe

    if preset is None:
        if model is None:
            raise UserError("nothing to train is named; give '--model' or '--preset'")
        return models.NAMED[model], Recipe(**{**BUDGETS[budget or current()], **given})
    for option, value in (("--model", model), ("--budget", budget)):
        if value is not None:
            raise UserError(f"--preset {preset} has its own; leave {option} out")
    chosen = presets.PRESETS[preset]
    return chosen.spec, Recipe(**{**chosen.recipe, **given})


def _refuse_missing(path: Path) -> None:
    """Refuses a place for the predictions before hours of training, not after them."""
    if not path.parent.is_dir():
        raise UserError(f"cannot write {path}: there is no folder {path.parent}; create it")


def _line(row: dict[str, float], epochs: int, task: "Task") -> str:
    decisive_first = sorted(task.measures, key=lambda measure: measure.key != task.decides)
    rates = "  ".join(f"{measure.title} {row[measure.key]:.3f}" for measure in decisive_first)
    return (
        f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.3f}  {rates}  "
        f"{row[f'{task.items}_per_second']:,.0f} {task.items}/s"
    )


def _resumed(history: "History", epochs: int) -> str:
    return f"goes on after epoch {len(history.epochs)} of {epochs}"


def _kept(path: Path, epochs: int) -> str:
    from unrolled import training
    from unrolled.training import checkpoints

    part = training.partial(path)
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
    test = result.get("test", {})
    if "per" not in test and test:
        console.print(f"{test['words']:,} test words are read; without answers there is no score")
    elif test:
        console.print(
            f"PER {test['per']:.3f}  WER {test['wer']:.3f}  on {test['words']:,} test words"
        )
    console.print(f"checkpoint  {result['checkpoint']}")
    for command in result["next"]:
        console.print(f"next        {command}")
