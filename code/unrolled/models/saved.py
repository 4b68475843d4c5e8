"""A trained model on disk: what its checkpoint tells, where it lies, how it is put to use."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from rich.console import Console

from unrolled import models, training
from unrolled.errors import UserError
from unrolled.models import Spec
from unrolled.tasks.pronunciation import PronunciationData, Vocabulary
from unrolled.training import Array, Recipe, Trainer, checkpoints

FOLDER = Path("models")


class BusyError(UserError):
    """Another process trains to the same file."""


@dataclass(frozen=True)
class Saved:
    """A model with its weights, and all that is needed to use it without the data."""

    path: Path
    facts: dict[str, Any]
    letters: Vocabulary
    tags: Vocabulary
    trainer: Trainer

    def probabilities(self, letters: Array) -> Array:
        """p(tag | word) of each letter. Shape: (B, T) -> (B, T, K)."""
        logits = models.logits(self.trainer.framework, self.trainer.model, letters)
        e = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def refuse_other(self, data: PronunciationData) -> None:
        """Refuses data whose held-out words may be among those the model was trained on.

        Raises:
            UserError: the words of training or validation are not those of the model.
        """
        kept = self.facts["data"]
        if fingerprint(data) != kept["fingerprint"]:
            raise UserError(
                f"{self.path} was trained on {kept['name']}; {data.name} is split otherwise, and "
                "may hold words that the model has seen: give --train and --valid as in training"
            )


def default_path(spec: Spec, framework: str) -> Path:
    """Where a named model is kept: models/basic-elman-pytorch.safetensors."""
    parts = [spec.name, spec.arguments.get("cell"), framework]
    return FOLDER / f"{'-'.join(filter(None, parts))}.safetensors"


def fingerprint(data: PronunciationData) -> str:
    """A hash of the words that shape a model: of training, and of validation."""
    text = json.dumps([data.train_words, data.valid], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def describe(
    spec: Spec, framework: str, recipe: Recipe, data: PronunciationData, stress: bool
) -> dict[str, Any]:
    """The facts of a run but for its history.

    Runs of the same facts end with the same weights on the same machine, with as many threads and
    the rows in the same order.
    """
    return {
        "model": asdict(spec),
        "framework": framework,
        "recipe": asdict(recipe),
        "data": {"name": data.name, "stress": stress, "fingerprint": fingerprint(data)},
        "letters": data.letters.symbols,
        "tags": data.target(spec.writes).symbols.symbols,
        "versions": models.versions(framework),
    }


def refuse_folder(path: Path) -> None:
    """Refuses a place that cannot hold a checkpoint.

    Raises:
        UserError: `path` is a folder, or names nothing.
    """
    try:
        folder = path.is_dir()
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    if folder or not path.name:
        raise UserError(f"cannot write {path}: it is a folder; name a file")


@contextmanager
def reserved(path: Path, wait: float = 0) -> Iterator[None]:
    """Makes the folder of `path` and keeps other processes from training to the same file.

    Args:
        path: where a checkpoint goes.
        wait: seconds to wait for a process that trains to it.

    Raises:
        UserError: the folder cannot be made or written to, or `path` is a folder.
        BusyError: another process trains to it.
    """
    refuse_folder(path)
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
        with contextlib.suppress(OSError):  # Windows keeps an open file; there `release` removes it
            Path(lock.lock_file).unlink()
        lock.release()


def finished(path: Path, facts: dict[str, Any]) -> dict[str, Any] | None:
    """The facts and history of the finished run at `path`; None where nothing is finished.

    Raises:
        UserError: what lies there was trained otherwise.
    """
    if not path.exists() or training.part_of(path).exists():
        return None
    kept = checkpoints.read(path).facts
    if other := checkpoints.differences(kept, facts):
        raise UserError(
            f"{path} holds a model trained with another {other[0]}; "
            "delete it or replace it by --again, or keep both: name another file by --out"
        )
    return kept


def train(
    spec: Spec,
    framework: str,
    recipe: Recipe,
    data: PronunciationData,
    path: Path,
    *,
    stress: bool = False,
    again: bool = False,
    console: Console | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Trains to `path`, which the caller has `reserved`; what is finished there is kept.

    Args:
        spec: of the model.
        framework: "pytorch" or "keras".
        recipe: how to train.
        data: the prepared words.
        path: where the checkpoint goes. A run that was stopped goes on from its last epoch.
        stress: whether the words keep their stress.
        again: train anew what is finished there.
        console: where the progress bar is drawn; None draws none.
        on_epoch: called with each epoch's row.

    Returns:
        The facts with the history, and whether the run was finished before.

    Raises:
        UserError: what lies there was trained otherwise, or one of `training.fit`.
    """
    facts = describe(spec, framework, recipe, data, stress)
    if not again and (kept := finished(path, facts)) is not None:
        return kept, True
    symbols = data.target(spec.writes).symbols
    model = models.build(framework, spec, len(data.letters), len(symbols), recipe.seed)
    trainer = models.trainer(framework, model, recipe)
    history = training.fit(
        trainer, data, path=path, facts=facts, console=console, on_epoch=on_epoch
    )
    return {**facts, "history": asdict(history)}, False


def find(name: str | None, cell: str | None, framework: str | None) -> Path:
    """The newest checkpoint in `models`, of this framework if there is one.

    Raises:
        UserError: there is none; the message says how to train it. Or the model has no such cell.
    """
    if name is not None:
        models.spec(name, cell=cell)
    found = []
    for spec in _specs(name, cell):
        for kind in models.FRAMEWORKS:
            if (path := default_path(spec, kind)).is_file():
                found.append((kind == framework, path.stat().st_mtime, path))
    if found:
        return max(found)[-1]
    options = {"model": name or "basic", "cell": cell, "framework": framework}
    command = " ".join(f"--{key} {value}" for key, value in options.items() if value)
    raise UserError(f"no such model in {FOLDER} yet; run `unrolled train {command}` first")


def _specs(name: str | None, cell: str | None) -> Iterator[Spec]:
    for known, named in models.NAMED.items():
        if name in (None, known):
            cells = named.cells or (None,)
            yield from (models.spec(known, cell=one) for one in cells if cell in (None, one))


def load(
    path: Path, name: str | None = None, cell: str | None = None, framework: str | None = None
) -> Saved:
    """Reads a checkpoint; in another framework than its own the weights are carried across.

    Args:
        path: of a finished run.
        name: what the model must be; None takes any.
        cell: what its cell must be; None takes any.
        framework: where it is to run; None: where it was trained.

    Raises:
        UserError: there is no whole checkpoint, it is of another model, or a framework is missing.
    """
    checkpoint = checkpoints.read(path)
    facts = checkpoint.facts
    if lacking := {"model", "framework", "letters", "tags", "data", "history"} - facts.keys():
        raise UserError(f"{path}: not trained by `unrolled train`; it lacks {sorted(lacking)[0]}")
    spec = Spec(**facts["model"])
    for wanted, is_ in ((name, spec.name), (cell, spec.arguments.get("cell"))):
        if wanted not in (None, is_):
            raise UserError(f"{path} is of the model {is_ or spec.name}, not {wanted}")
    letters = Vocabulary.of_letters(facts["letters"][2:])
    tags = Vocabulary(tuple(facts["tags"]))
    trainer = _trainer(facts["framework"], spec, letters, tags)
    if checkpoints.shapes(trainer.weights()) != checkpoints.shapes(checkpoint.arrays):
        raise UserError(f"{path}: does not hold the weights of a finished {spec.kind}")
    trainer.load_weights(checkpoint.arrays)
    if framework not in (None, facts["framework"]):
        trainer = _carried(trainer, _trainer(framework, spec, letters, tags))
    return Saved(path, facts, letters, tags, trainer)


def _trainer(framework: str, spec: Spec, letters: Vocabulary, tags: Vocabulary) -> Trainer:
    model = models.build(framework, spec, len(letters), len(tags), seed=0)
    return models.trainer(framework, model, Recipe())


def _carried(source: Trainer, target: Trainer) -> Trainer:
    from unrolled.models import parity  # imports both frameworks

    parity.carry(source.model, target.model)
    return target
