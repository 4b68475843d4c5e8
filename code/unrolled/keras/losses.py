"""The losses in Keras, by the kind of answer.

Each takes the outputs of a model, the targets and, where they do not all count
alike, weights; it leaves out the targets that are `ABSENT` (for numbers, NaN).
"""

from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf
from keras import ops

from unrolled.tasks.task import ABSENT, Answer

Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor | None], tf.Tensor]
# Of CTC; elsewhere the same id is the end symbol, which CTC does not need.
BLANK = 0


def cross_entropy(
    logits: tf.Tensor,
    targets: tf.Tensor,
    weights: tf.Tensor | None = None,
    smoothing: float = 0.0,
) -> tf.Tensor:
    """Mean of -sum_k q_k log softmax(logits)_k over all targets.

    q is 1 - smoothing at the target, plus smoothing / K everywhere (Szegedy and
    others 2016).

    Shape: (B, U, K), (B, U) -> ().
    """
    counts = ops.cast(targets != ABSENT, logits.dtype)  # (B, U)
    if weights is not None:
        counts = counts * ops.cast(weights, logits.dtype)
    at = ops.maximum(targets, 0)
    loss = keras.losses.sparse_categorical_crossentropy(
        at, logits, from_logits=True
    )
    if smoothing:
        spread = -ops.mean(ops.log_softmax(logits), axis=-1)
        loss = (1 - smoothing) * loss + smoothing * spread
    return ops.sum(loss * counts) / ops.sum(counts)


def squared_error(
    outputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean of (output - target)^2 over all targets.

    Shape: (B, U, M), (B, U, M) -> ().
    """
    return _mean(ops.square(outputs - _numbers(targets)), targets, weights)


def pinball(
    outputs: tf.Tensor,
    targets: tf.Tensor,
    weights: tf.Tensor | None,
    levels: tuple[float, ...],
) -> tf.Tensor:
    """Mean of max(q e, (q - 1) e) over all targets and levels q.

    e = target - output. The output that makes it smallest is the target's
    q-quantile (Koenker and Bassett 1978).

    Shape: (B, U, M Q), (B, U, M) -> ().
    """
    q = ops.convert_to_tensor(levels, outputs.dtype)
    shape = (*ops.shape(targets), len(levels))  # (B, U, M, Q)
    e = _numbers(targets)[..., None] - ops.reshape(outputs, shape)
    loss = ops.mean(ops.maximum(q * e, (q - 1) * e), axis=-1)
    return _mean(loss, targets, weights)


def _numbers(targets: tf.Tensor) -> tf.Tensor:
    return ops.where(ops.isnan(targets), ops.zeros_like(targets), targets)


def _mean(
    loss: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor | None
) -> tf.Tensor:
    """The weighted mean over the targets that are not NaN.

    Shape: loss and targets (B, U, M); weights (B, U).
    """
    counts = ops.cast(ops.logical_not(ops.isnan(targets)), loss.dtype)
    if weights is not None:
        counts = counts * ops.cast(weights, loss.dtype)[..., None]
    return ops.sum(loss * counts) / ops.sum(counts)


def ctc(
    logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """-log of the probability of the targets, summed over all alignments.

    An alignment gives each label some of the F frames. The mean over the rows.

    Shape: logits (B, F, K); targets (B, U), 0 or `ABSENT` after their end.

    Source: Graves and others 2006.
    """
    labels = ops.maximum(targets, BLANK)
    known = ops.cast(labels > BLANK, "int32")  # without the end symbol
    counts = ops.sum(known, axis=1)
    frames = ops.full_like(counts, logits.shape[1])
    loss = ops.ctc_loss(labels, logits, counts, frames, mask_index=BLANK)
    if weights is None:
        return ops.mean(loss)
    rows = ops.cast(weights, loss.dtype)[:, 0]
    return ops.sum(loss * rows) / ops.sum(rows)


def of(answer: Answer, smoothing: float = 0.0) -> Loss:
    """The loss for a kind of answer."""
    if answer.kind == "quantiles":
        return partial(pinball, levels=answer.levels)
    if answer.kind == "numbers":
        return squared_error
    if answer.kind == "unaligned":
        return ctc
    return partial(cross_entropy, smoothing=smoothing)


def disagreement(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """KL divergence between two readings of the same rows, mean of both ways.

    D = mean of sum_k (p_k - q_k) (log p_k - log q_k) / 2 over all targets,
    where p is of the first half of the batch and q of the second (Liang and
    others 2021).

    Shape: (2B, U, K), (B, U) -> ().
    """
    counts = ops.cast(targets != ABSENT, logits.dtype)  # (B, U)
    p, q = ops.split(ops.log_softmax(logits), 2)
    apart = ops.sum((ops.exp(p) - ops.exp(q)) * (p - q), axis=-1) / 2  # (B, U)
    return ops.sum(apart * counts) / ops.sum(counts)
