"""What a model can see, and where its gradient goes; the same probes for every framework."""

import numpy as np

from unrolled.models import parity
from unrolled.tasks.task import Array

FELT = 1e-5  # a smaller change in a logit may be rounding


def sees(model: object, inputs: Array) -> Array:
    """Whether the logits of item t depend on item s.

    Each item in turn is replaced by another one. If a logit of item t then changes, the model
    sees s when it labels t.

    Args:
        model: a tagger of any framework.
        inputs: the ids of one row, (T,).

    Shape: (T, T) of bool, a row for each label t, a column for each item s.
    """
    changed = np.tile(inputs, (len(inputs), 1))  # (T, T); in row s, item s is replaced
    changed[np.diag_indices(len(inputs))] = np.where(inputs == 2, 3, 2)
    logits = parity.logits(model, np.concatenate([inputs[None], changed]))  # (1 + T, T, K)
    return (np.abs(logits[1:] - logits[0]) > FELT).any(axis=-1).T


def gradient_norms(model: object, inputs: Array, targets: Array) -> list[float]:
    """How much gradient reaches each layer of a stack: the norm over all its parameters.

    The loss is the mean cross-entropy. A bidirectional layer counts as one.

    Args:
        model: a tagger with `recurrent.layers`, of any framework.
        inputs: one batch, (B, T).
        targets: its labels, (B, T).

    Returns:
        One norm per layer, starting with the layer next to the inputs.
    """
    squares: dict[int, float] = {}
    for name, gradient in parity.gradients(model, inputs, targets).items():
        if name.startswith("recurrent.layers."):
            layer = int(name.split(".")[2])
            squares[layer] = squares.get(layer, 0.0) + float(np.square(gradient, dtype=float).sum())
    return [squares[layer] ** 0.5 for layer in sorted(squares)]


def after_first_slip(model: object, inputs: Array, targets: Array) -> tuple[Array, Array]:
    """Whether a model that writes a sequence is right at the step after its first mistake.

    Up to the mistake it is fed the right symbols; then the right one again, or its own.

    Args:
        model: writes symbols, each fed the one before it.
        inputs: rows of one length, (B, T).
        targets: the right symbols, (B, U), negative where there is no target.

    Shape: two arrays of bool, one entry for each row whose first mistake is not at its last step:
    fed the right symbol, fed its own.
    """
    predictions = parity.logits(model, inputs, targets).argmax(axis=-1)  # (B, U)
    wrong = (predictions != targets) & (targets >= 0)
    first = wrong.argmax(axis=1)
    slips = np.flatnonzero(wrong.any(axis=1) & (first + 1 < (targets >= 0).sum(axis=1)))
    row, u, own = np.arange(len(slips)), first[slips], targets[slips].copy()
    own[row, u] = predictions[slips, u]
    fed_back = parity.logits(model, inputs[slips], own).argmax(axis=-1)
    return ~wrong[slips, u + 1], fed_back[row, u + 1] == targets[slips, u + 1]
