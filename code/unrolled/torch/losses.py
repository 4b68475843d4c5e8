"""The losses in PyTorch, by the kind of answer.

Each takes the outputs of a model, the targets and, where they do not all count
alike, weights; it leaves out the targets that are `ABSENT` (for numbers, NaN).
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.tasks.task import ABSENT, Answer

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
# Of CTC; elsewhere the same id is the end symbol, which CTC does not need.
BLANK = 0


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """Mean of -sum_k q_k log softmax(logits)_k over all targets.

    q is 1 - smoothing at the target, plus smoothing / K everywhere (Szegedy and
    others 2016).

    Shape: (B, U, K), (B, U) -> ().
    """
    loss = F.cross_entropy(
        logits.flatten(0, 1),
        targets.flatten().long(),
        ignore_index=ABSENT,
        label_smoothing=smoothing,
        reduction="mean" if weights is None else "none",
    )
    if weights is None:
        return loss
    counts = weights.flatten() * (targets.flatten() != ABSENT)
    return (loss * counts).sum() / counts.sum()


def squared_error(
    outputs: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Mean of (output - target)^2 over all targets.

    Shape: (B, U, M), (B, U, M) -> ().
    """
    return _mean((outputs - targets.nan_to_num()).square(), targets, weights)


def pinball(
    outputs: Tensor,
    targets: Tensor,
    weights: Tensor | None,
    levels: tuple[float, ...],
) -> Tensor:
    """Mean of max(q e, (q - 1) e) over all targets and levels q.

    e = target - output. The output that makes it smallest is the target's
    q-quantile (Koenker and Bassett 1978).

    Shape: (B, U, M Q), (B, U, M) -> ().
    """
    q = outputs.new_tensor(levels)
    outputs = outputs.unflatten(-1, (-1, len(levels)))  # (B, U, M, Q)
    e = targets.nan_to_num()[..., None] - outputs
    loss = torch.maximum(q * e, (q - 1) * e).mean(dim=-1)
    return _mean(loss, targets, weights)


def _mean(loss: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """The weighted mean over the targets that are not NaN.

    Shape: loss and targets (B, U, M); weights (B, U).
    """
    known = ~targets.isnan()
    if weights is None:
        return loss[known].mean()
    counts = weights[..., None] * known
    return (loss * counts).sum() / counts.sum()


def ctc(
    logits: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    """-log of the probability of the targets, summed over all alignments.

    An alignment gives each label some of the F frames. The mean over the rows.

    Shape: logits (B, F, K); targets (B, U), 0 or `ABSENT` after their end.

    Source: Graves and others 2006.
    """
    log_p = logits.log_softmax(dim=-1).transpose(0, 1)  # (F, B, K)
    frames = torch.full((len(targets),), len(log_p))
    counts = (targets > BLANK).sum(dim=1)  # without the end symbol
    labels = targets.clamp(min=0)
    loss = F.ctc_loss(
        log_p, labels, frames, counts, BLANK, "none", zero_infinity=True
    )
    if weights is None:
        return loss.mean()
    rows = weights[:, 0]
    return (loss * rows).sum() / rows.sum()


def of(answer: Answer, smoothing: float = 0.0) -> Loss:
    """The loss for a kind of answer."""
    if answer.kind == "quantiles":
        return partial(pinball, levels=answer.levels)
    if answer.kind == "numbers":
        return squared_error
    if answer.kind == "unaligned":
        return ctc
    return partial(cross_entropy, smoothing=smoothing)


def disagreement(logits: Tensor, targets: Tensor) -> Tensor:
    """KL divergence between two readings of the same rows, mean of both ways.

    D = mean of sum_k (p_k - q_k) (log p_k - log q_k) / 2 over all targets,
    where p is of the first half of the batch and q of the second (Liang and
    others 2021).

    Shape: (2B, U, K), (B, U) -> ().
    """
    p, q = logits.log_softmax(dim=-1).chunk(2)
    apart = ((p.exp() - q.exp()) * (p - q)).sum(dim=-1) / 2  # (B, U)
    return apart[targets != ABSENT].mean()
