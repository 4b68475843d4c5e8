"""What a model can see, and where its gradient goes: asked in the same way of every framework."""

import numpy as np

from unrolled.models import parity
from unrolled.training import Array

FELT = 1e-5  # a smaller change of a logit may be rounding


def sees(model: object, letters: Array) -> Array:
    """Whether what the model says of letter t depends on letter s.

    Each letter in turn is replaced by another one. Where a logit of letter t then changes, the
    model sees s when it answers for t.

    Args:
        model: a tagger of any framework.
        letters: the ids of one word, (T,).

    Shape: (T, T) of bool, a row for each answer t, a column for each letter s.
    """
    changed = np.tile(letters, (len(letters), 1))  # (T, T), in row s letter s is another
    changed[np.diag_indices(len(letters))] = np.where(letters == 2, 3, 2)
    said = parity.logits(model, np.concatenate([letters[None], changed]))  # (1 + T, T, K)
    return (np.abs(said[1:] - said[0]) > FELT).any(axis=-1).T


def gradient_norms(model: object, letters: Array, tags: Array) -> list[float]:
    """How much gradient reaches each layer of a stack: the norm over all its parameters.

    The loss is the mean cross-entropy. A bidirectional layer counts as one.

    Args:
        model: a tagger with `recurrent.layers`, of any framework.
        letters: one batch, (B, T).
        tags: its targets, (B, T).

    Returns:
        One norm a layer, the layer next to the letters first.
    """
    squares: dict[int, float] = {}
    for name, gradient in parity.gradients(model, letters, tags).items():
        if name.startswith("recurrent.layers."):
            layer = int(name.split(".")[2])
            squares[layer] = squares.get(layer, 0.0) + float(np.square(gradient, dtype=float).sum())
    return [squares[layer] ** 0.5 for layer in sorted(squares)]


def after_first_slip(model: object, letters: Array, targets: Array) -> tuple[Array, Array]:
    """Whether a model that speaks is right in the step after its first mistake.

    Up to there it is told the right symbols. Then it is told the right one once more, or the one
    that it has said.

    Args:
        model: it writes symbols, each told the one before it.
        letters: words of one length, (B, T).
        targets: what is right, (B, U), below 0 where nothing is asked for.

    Shape: two arrays of bool, one entry for each word with a mistake that is not its last step:
    told the right symbol, told its own.
    """
    said = parity.logits(model, letters, targets).argmax(axis=-1)  # (B, U)
    wrong = (said != targets) & (targets >= 0)
    first = wrong.argmax(axis=1)
    slips = np.flatnonzero(wrong.any(axis=1) & (first + 1 < (targets >= 0).sum(axis=1)))
    row, u, own = np.arange(len(slips)), first[slips], targets[slips].copy()
    own[row, u] = said[slips, u]
    fed_back = parity.logits(model, letters[slips], own).argmax(axis=-1)
    return ~wrong[slips, u + 1], fed_back[row, u + 1] == targets[slips, u + 1]
