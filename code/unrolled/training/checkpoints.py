"""Weights on disk: one safetensors file, with what is needed to use them as JSON metadata.

Nothing is ever unpickled.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from unrolled.errors import UserError
from unrolled.files import atomic_write, checksum

FORMAT = "unrolled/1"
Arrays = dict[str, NDArray[Any]]


class Checkpoint(NamedTuple):
    """Arrays by name, and the facts about them (model, vocabularies, recipe, history)."""

    arrays: Arrays
    facts: dict[str, Any]


def differing(kept: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """The names of the facts in which two runs differ, their history and machine aside.

    A fact inside another is named by its path, as in `recipe.learning_rate`.
    """
    wanted = json.loads(json.dumps(wanted))  # as if read from a file: tuples become lists
    names: list[str] = []
    for name in sorted((kept.keys() | wanted.keys()) - {"history", "machine"}):
        a, b = kept.get(name), wanted.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            names += [f"{name}.{inner}" for inner in differing(a, b)]
        elif a != b:
            names.append(name)
    return names


def array_shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    """The shape of each array, by name."""
    return {name: value.shape for name, value in arrays.items()}


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Replaces `path` in one step; an interrupted write leaves the old file.

    Raises:
        UserError: the folder is missing or not writable, or the disk is full.
    """
    arrays = {name: np.asarray(value, order="C") for name, value in checkpoint.arrays.items()}
    facts = json.dumps(checkpoint.facts)
    metadata = {"format": FORMAT, "facts": facts, "sha256": checksum(arrays, facts)}
    with atomic_write(path) as handle:
        handle.write(save(arrays, metadata))


def read(path: Path) -> Checkpoint:
    """Reads what `write` wrote; files of before have no checksum.

    Raises:
        UserError: there is no such file, or it is not a complete checkpoint of this package.
    """
    try:
        if not path.is_file():
            raise UserError(f"{path}: no such checkpoint; train one with `unrolled train`")
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise UserError(
                    f"{path}: not a checkpoint of unrolled; train one with `unrolled train`"
                )
            facts = json.loads(metadata["facts"])
            if not isinstance(facts, dict):
                raise ValueError("its facts have no names")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            kept = metadata.get("sha256")
            if kept is not None and kept != checksum(arrays, metadata["facts"]):
                raise ValueError("the checksum does not match")
            return Checkpoint(arrays, facts)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(
            f"{path}: cut off or not a checkpoint ({error}); delete it and train again"
        ) from error
