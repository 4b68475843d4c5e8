"""What a model costs: seconds, measured in turns, and bytes kept for the backward pass."""

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

    The actions take turns, so that other load on the machine disturbs all of them alike.

    Args:
        actions: by name.
        repeats: how often each is run.

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
    """How many bytes autograd keeps for the backward pass when a model reads a training batch.

    The model's own weights do not count.

    Args:
        model: in PyTorch.
        letters: (B, T).
    """
    kept: dict[int, int] = {}  # by the address of the storage: two views of it count once

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model.train()(letters)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    return sum(size for place, size in kept.items() if place not in weights)
