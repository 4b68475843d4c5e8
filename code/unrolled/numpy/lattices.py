"""Sums over alignments and over tag sequences, by dynamic programming.

Three models put a recurrent network's scores on a lattice and add up its
paths: connectionist temporal classification (Graves and others 2006), the
transducer (Graves 2012) and the linear-chain conditional random field.
Everything is in natural logarithms.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BLANK = 0


def collapse(path: Sequence[int]) -> tuple[int, ...]:
    """The labels of a CTC path: repetitions are merged, then blanks dropped."""
    return tuple(label for label, _ in groupby(path) if label != BLANK)


def ctc_paths(T: int, labels: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All paths of T frames that collapse to the labels; for small T only."""
    symbols = sorted({BLANK, *labels})
    return (
        path
        for path in product(symbols, repeat=T)
        if collapse(path) == tuple(labels)
    )


def ctc(log_p: ArrayLike, labels: Sequence[int]) -> Array:
    """The forward lattice of CTC (Graves and others 2006).

    The labels are written with blanks around them,
    l' = (blank, l_1, blank, ..., l_U, blank).

    alpha_t(s) = ln sum of the paths of t frames that have come to l'_s
               = log_p[t, l'_s] + logsumexp(alpha_{t-1}(s),
                                            alpha_{t-1}(s-1),
                                            alpha_{t-1}(s-2)),
    the last one only where l'_s is a label and differs from l'_{s-2}.

    Args:
        log_p: ln of the probabilities of each frame. Shape: (T, K).
        labels: U labels, none of them the blank.

    Shape:
        returns alpha: (T, 2U + 1); `ctc_total` takes the sum from its last row.
    """
    log_p = np.asarray(log_p, float)
    written = [BLANK]
    for label in labels:
        written += label, BLANK
    alpha = np.full((len(log_p), len(written)), -np.inf)
    alpha[0, :2] = log_p[0, written[:2]]
    for t in range(1, len(log_p)):
        for s, symbol in enumerate(written):
            paths = [alpha[t - 1, s]]
            if s > 0:
                paths.append(alpha[t - 1, s - 1])
            if s > 1 and symbol not in (BLANK, written[s - 2]):
                paths.append(alpha[t - 1, s - 2])
            alpha[t, s] = log_p[t, symbol] + np.logaddexp.reduce(paths)
    return alpha


def ctc_total(log_p: ArrayLike, labels: Sequence[int]) -> float:
    """The sum ln p(labels) of all paths to the last label or its blank."""
    return float(np.logaddexp.reduce(ctc(log_p, labels)[-1, -2:]))


def transducer(log_blank: ArrayLike, log_label: ArrayLike) -> float:
    """The sum ln p(labels) of a transducer (Graves 2012).

    alpha(t, u) = ln sum of the ways to have emitted u labels at frame t: from
    alpha(t-1, u) by a blank, which takes the next frame, or from alpha(t, u-1)
    by a label.

    Args:
        log_blank: ln p(blank) at frame t after u labels. Shape: (T, U + 1).
        log_label: ln p(label u + 1) at frame t after u labels. Shape: (T, U).
    """
    blank, label = np.asarray(log_blank, float), np.asarray(log_label, float)
    alpha = np.full(blank.shape, -np.inf)
    alpha[0, 0] = 0
    for t, u in np.ndindex(*blank.shape):
        if t > 0:
            by_blank = alpha[t - 1, u] + blank[t - 1, u]
            alpha[t, u] = np.logaddexp(alpha[t, u], by_blank)
        if u > 0:
            by_label = alpha[t, u - 1] + label[t, u - 1]
            alpha[t, u] = np.logaddexp(alpha[t, u], by_label)
    return float(alpha[-1, -1] + blank[-1, -1])


def chain_score(
    scores: ArrayLike, transitions: ArrayLike, tags: Sequence[int]
) -> float:
    """s(y) = sum_t scores[t, y_t] + sum_t transitions[y_{t-1}, y_t].

    Shape:
        scores: (T, K); transitions: (K, K), from the row to the column.
    """
    scores = np.asarray(scores, float)[np.arange(len(tags)), list(tags)]
    transitions = np.asarray(transitions, float)[tags[:-1], tags[1:]]
    return float(scores.sum() + transitions.sum())


def chain_total(scores: ArrayLike, transitions: ArrayLike) -> float:
    """The sum ln Z of exp s(y) over all K^T tag sequences y, in T K^2 steps.

    Shape:
        scores: (T, K); transitions: (K, K).
    """
    scores = np.asarray(scores, float)
    transitions = np.asarray(transitions, float)
    alpha = scores[0]
    for row in scores[1:]:
        alpha = row + np.logaddexp.reduce(alpha[:, None] + transitions, axis=0)
    return float(np.logaddexp.reduce(alpha))


def viterbi(
    scores: ArrayLike, transitions: ArrayLike
) -> tuple[list[int], float]:
    """The tag sequence with the highest score, and its score.

    The same recursion as `chain_total` with a maximum in place of the sum.

    Shape:
        scores: (T, K); transitions: (K, K).
    """
    scores = np.asarray(scores, float)
    transitions = np.asarray(transitions, float)
    best, backpointers = scores[0], []
    for row in scores[1:]:
        paths = best[:, None] + transitions  # (K, K)
        backpointers.append(paths.argmax(axis=0))
        best = row + paths.max(axis=0)
    tags = [int(best.argmax())]
    for pointers in reversed(backpointers):
        tags.append(int(pointers[tags[-1]]))
    return tags[::-1], float(best.max())
