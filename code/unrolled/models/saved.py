"""A trained model on disk: what its checkpoint records, where it is kept, how to load it."""

import contextlib
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from unrolled import models, tasks, training
from unrolled.errors import UserError
from unrolled.files import writes_through
from unrolled.models.specs import Spec
from unrolled.tasks import pronunciation
from unrolled.tasks.task import Answer, Row, Task
from unrolled.training import History, Predictor, Recipe, checkpoints
from unrolled.training.checkpoints import Checkpoint
from unrolled.training.recipe import named_today

FOLDER = Path("models")


class BusyError(UserError):
    """Another process is training to the same file."""


def default_path(spec: Spec, framework: str) -> Path:
    """The file of a named model, such as models/basic-elman-pytorch.safetensors."""
    parts = [spec.name, spec.arguments.get("cell"), framework]
    return FOLDER / f"{'-'.join(filter(None, parts))}.safetensors"


def describe(spec: Spec, framework: str, recipe: Recipe, task: Task) -> dict[str, Any]:
    """The facts of a run, without its history.

    Runs with the same facts end with the same weights, given the same machine, the same number of
    threads and the rows in the same order.
    """
    return {
        "task": task.name,
        "inputs": {"kind": task.inputs, "size": task.input_size},
        "answer": asdict(task.answer),
        "model": asdict(spec),
        "framework": framework,
        "recipe": asdict(recipe),
        **task.facts,
        "versions": models.versions(framework),
        "machine": {
            "threads": models.threads(framework),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
    }


def refuse_unkept(path: Path) -> None:
    """Refuses a place that cannot hold a checkpoint.

    Raises:
        UserError: `path` is a folder or a device, or names nothing.
    """
    if not path.name:
        raise UserError(f"cannot write {path}: it is a folder; name a file")
    if writes_through(path):
        raise UserError(f"cannot write {path}: a device keeps no checkpoint; name a file")


@contextmanager
def reserved(path: Path, wait: float = 0) -> Iterator[None]:
    """Makes the folder of `path` and keeps other processes from training to the same file.

    Args:
        path: where the checkpoint goes.
        wait: seconds to wait for another process that is training to it.

    Raises:
        UserError: the folder cannot be made or written to, or `path` is a folder.
        BusyError: another process is training to it.
    """
    refuse_unkept(path)
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=wait)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"{path} is being trained by another process; wait, or name another file by --out"
        ) from None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot write {path}: {reason}") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # an open file stays on Windows; `release` removes it
            Path(lock.lock_file).unlink()
        lock.release()


def finished(path: Path, facts: dict[str, Any]) -> dict[str, Any] | None:
    """The facts and history of the finished run at `path`; None if there is none.

    Raises:
        UserError: the model there was trained with other facts.
    """
    if not path.exists() or training.partial(path).exists():
        return None
    kept = _today(checkpoints.read(path)).facts
    if other := checkpoints.differing(kept, facts):
        raise UserError(
            f"{path} holds a model trained with another {other[0]}; "
            "delete it or replace it by --again, or keep both: name another file by --out"
        )
    return kept


def train(
    spec: Spec,
    framework: str,
    recipe: Recipe,
    task: Task,
    path: Path,
    *,
    again: bool = False,
    console: Console | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    on_resume: Callable[[History], None] | None = None,
) -> tuple[Any, bool]:
    """Trains to `path`, which the caller has `reserved`; a finished model there is kept.

    Args:
        spec: the model.
        framework: "pytorch" or "keras".
        recipe: how to train.
        task: what it learns, with its data.
        path: where the checkpoint goes. An interrupted run resumes from its last epoch.
        again: overwrite a finished model.
        console: where the progress bar is drawn; None draws none.
        on_epoch: called with each epoch's row.
        on_resume: called with the history of a run that goes on where it was stopped.

    Returns:
        The model with the weights of its best epoch, as `load` returns it, and whether it was
        already finished.

    Raises:
        UserError: the model there was trained with other facts, or `training.fit` raised it.
    """
    facts = describe(spec, framework, recipe, task)
    if not again and finished(path, facts) is not None:
        return load(path), True
    model = models.build_for(framework, spec, task, recipe.seed)
    trainer = models.trainer(framework, model, recipe, task.answer)
    history = training.fit(
        trainer,
        task,
        path=path,
        facts=facts,
        console=console,
        on_epoch=on_epoch,
        on_resume=on_resume,
    )
    predictor = models.predictor(framework, model, task.answer)
    return tasks.named(task.name).SAVED(
        path, {**facts, "history": asdict(history)}, predictor
    ), False


def find(name: str | None, cell: str | None, framework: str | None) -> Path:
    """The newest checkpoint in `models`, preferably of this framework.

    Raises:
        UserError: there is none (the message says how to train one), or the model cannot have
            that cell.
    """
    if name is not None:
        models.spec(name, cell=cell)
    candidates = []
    for spec in _specs(name, cell):
        for kind in models.FRAMEWORKS:
            if (path := default_path(spec, kind)).is_file():
                candidates.append((kind == framework, path.stat().st_mtime, path))
    if candidates:
        return max(candidates)[-1]
    options = {"model": name or "basic", "cell": cell, "framework": framework}
    command = " ".join(f"--{key} {value}" for key, value in options.items() if value)
    raise UserError(f"no such model in {FOLDER} yet; run `unrolled train {command}` first")


def _specs(name: str | None, cell: str | None) -> Iterator[Spec]:
    for known, named in models.NAMED.items():
        if name in (None, known):
            cells = named.cells or (None,)
            yield from (models.spec(known, cell=one) for one in cells if cell in (None, one))


def load(
    path: Path,
    name: str | None = None,
    cell: str | None = None,
    framework: str | None = None,
    task: str | None = None,
) -> Any:
    """Reads a checkpoint; for another framework than its own, the weights are converted.

    Args:
        path: of a finished run.
        name: the model's required name; None accepts any.
        cell: its required cell; None accepts any.
        framework: the framework to run it in; None: the one that trained it.
        task: the task it must have learned; None accepts any.

    Returns:
        A `task.Saved`, of the class that its task names as `SAVED`.

    Raises:
        UserError: there is no complete checkpoint, it holds another model, or a framework is
            missing.
    """
    read = checkpoints.read(path)
    try:
        return _in_use(path, _today(read), name, cell, framework, task)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: its facts are damaged ({error!r}); train again") from error


def _in_use(
    path: Path,
    checkpoint: Checkpoint,
    name: str | None,
    cell: str | None,
    framework: str | None,
    task: str | None,
) -> Any:
    """The model of a checkpoint with all that is needed to use it."""
    facts = checkpoint.facts
    if lacking := {"task", "model", "framework", "data", "history"} - facts.keys():
        raise UserError(f"{path}: not trained by `unrolled train`; it lacks {sorted(lacking)[0]}")
    if task not in (None, facts["task"]):
        raise UserError(f"{path} is a model of {facts['task']}, not of {task}; name another file")
    spec = Spec(**facts["model"])
    History(**facts["history"])  # damaged, it would fail much later
    for wanted, is_ in ((name, spec.name), (cell, spec.arguments.get("cell"))):
        if wanted not in (None, is_):
            raise UserError(f"{path} is of the model {is_ or spec.name}, not {wanted}")
    predictor = _untrained(facts["framework"], spec, facts)
    if checkpoints.array_shapes(predictor.weights()) != checkpoints.array_shapes(checkpoint.arrays):
        raise UserError(f"{path}: does not hold the weights of a finished {spec.kind}")
    predictor.load_weights(checkpoint.arrays)
    if framework not in (None, facts["framework"]):
        predictor = _carried(predictor, _untrained(framework, spec, facts))
    saved = tasks.named(facts["task"]).SAVED(path, facts, predictor)
    saved.check()
    return saved


def _untrained(framework: str, spec: Spec, facts: Mapping[str, Any]) -> Predictor:
    """A new model with the sizes recorded in the facts."""
    kind, size, levels = (facts["answer"][key] for key in ("kind", "size", "levels"))
    inputs = facts["inputs"]
    model = models.build(framework, spec, inputs["size"], size, seed=0, inputs=inputs["kind"])
    return models.predictor(framework, model, Answer(kind, size, tuple(levels)))


def _carried(source: Predictor, target: Predictor) -> Predictor:
    from unrolled.models import parity  # imports both frameworks

    parity.carry(source.model, target.model)
    return target


def _today(checkpoint: Checkpoint) -> Checkpoint:
    """Converts a checkpoint of the first edition, which knew one task, to today's form."""
    arrays, facts = checkpoint.arrays, dict(checkpoint.facts)
    if "recipe" in facts:
        facts["recipe"] = named_today(facts["recipe"])
    if "task" not in facts and facts.keys() >= {"model", "letters", "tags", "history"}:
        arrays, facts = pronunciation.of_first_edition(arrays, facts)
    return Checkpoint(arrays, facts)
