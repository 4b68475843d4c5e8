"""How a model reads a long text in windows; in PyTorch."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.tasks.task import Array
from unrolled.tasks.text import surprise, windows
from unrolled.torch.training import Predictor

Carry = Literal["carried", "zero", "shuffled"]  # the state with which a window begins


def errors(
    model: Any, inputs: Array, targets: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The inputs of the cell, and the gradient of the mean cross-entropy for each output.

    g_t = V^T (p_t - q_t) / (B T), with q_t one-hot at the next character

    Args:
        model: a tagger in PyTorch whose labels are the next characters.
        inputs: (B, T).
        targets: (B, T).

    Shape: x (B, T, D); g (B, T, H).
    """
    with torch.no_grad():
        x = model.embedding(torch.from_numpy(inputs))
        h, _ = model.recurrent(x)
        p = model.readout(h).softmax(dim=-1).double().numpy()  # (B, T, K)
    p[(*np.indices(targets.shape), targets)] -= 1
    V = model.readout.weight.detach().double().numpy()
    return x.double().numpy(), p @ V / targets.size


def loss_by_place(model: Any, rows: Array, window: int, carry: Carry) -> NDArray[np.float64]:
    """The model's surprise at each position in a window, in bits per character.

    Args:
        model: a tagger in PyTorch whose labels are the next characters.
        rows: (B, T), read in windows.
        window: the number of steps in a window.
        carry: a window begins with the state of its own stream, with zeros, or with the state of
            another stream, as it does if windows are shuffled and the state is kept.

    Shape: returns (window,).
    """
    predictor, state, bits = Predictor(model), None, []
    for batch in windows(rows, window):
        logits, state = predictor.advance(batch.inputs, state)
        bits.append(surprise(logits, batch.targets).mean(axis=0))
        if carry == "zero":
            state = None
        elif carry == "shuffled":
            state = tuple(s.roll(1, dims=0) for s in state)
    by_place: NDArray[np.float64] = np.mean(bits[1:], axis=0)  # the first has no state to carry
    return by_place
