"""What a model costs: seconds, taken in turns, and bytes that are kept for the way back."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Key = TypeVar("Key", bound=Hashable)


def in_turns(
    actions: Mapping[Key, Callable[[], object]], repeats: int
) -> dict[Key, NDArray[np.float64]]:
    """The seconds that each action takes.

    All actions take turns, so that whatever else the machine does disturbs all of them alike.

    Args:
        actions: by name.
        repeats: how often each is done.

    Shape: (repeats,) for each action.
    """
    seconds: dict[Key, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            seconds[name].append(time.perf_counter() - started)
    return {name: np.array(taken) for name, taken in seconds.items()}


def bytes_kept(model: Any, letters: Tensor) -> int:
    """How many bytes autograd keeps for the way back when a model reads a batch in training.

    Its own weights do not count.

    Args:
        model: in PyTorch.
        letters: (B, T).
    """
    kept: dict[int, int] = {}  # by where a storage lies: two views of it count once

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model.train()(letters)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    return sum(size for place, size in kept.items() if place not in weights)
