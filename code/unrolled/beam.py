"""Beam search over sequences, for a model of any framework."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# From prefixes (B, W, u) to the log-probability of each next symbol, (B, W, K).
LogProbabilities = Callable[[Array], Array]


@dataclass(frozen=True)
class Hypothesis:
    """A sequence that the search has found.

    Args:
        ids: its symbols, without the end symbol.
        log_p: the log-probability of the symbols and of the end after them.
        score: what hypotheses are ranked by, log_p / steps^length_penalty.
    """

    ids: tuple[int, ...]
    log_p: float
    score: float


def search(
    log_probabilities: LogProbabilities,
    batch: int,
    width: int,
    limit: int,
    length_penalty: float = 0.0,
    end: int = 0,
) -> list[list[Hypothesis]]:
    """The best sequences of each row of a batch, best first, at most `width` of them.

    At each step the `width` best extensions of all unfinished prefixes are kept; those that say
    the end symbol are finished and leave the beam. With a width of 1 this is greedy reading.

    score = log p / steps^length_penalty, where steps counts the symbols and the end. A
    log-probability is negative and falls with each step, so without a penalty short sequences
    win; dividing by a power of the length favours longer ones (Wu and others 2016).

    Args:
        log_probabilities: of the next symbol after each prefix: (B, W, u) -> (B, W, K).
        batch: rows, B.
        width: prefixes kept for each row.
        limit: the most symbols of a sequence; what has not ended by then ends there.
        length_penalty: the exponent, 0 for none.
        end: the id of the end symbol.

    Raises:
        ValueError: width or limit is less than 1.
    """
    if width < 1 or limit < 1:
        raise ValueError(f"width is {width} and limit {limit}; both must be at least 1")
    prefixes = np.zeros((batch, 1, 0), np.int32)
    alive = np.zeros((batch, 1))  # log p of each prefix, -inf where there is none
    finished: list[list[Hypothesis]] = [[] for _ in range(batch)]
    for steps in range(1, limit + 2):
        candidates = alive[:, :, None] + log_probabilities(prefixes)  # (B, W, K)
        if steps > limit:  # only the end is left to say
            candidates = np.where(np.arange(candidates.shape[-1]) == end, candidates, -np.inf)
        W, K = candidates.shape[1:]
        best = np.argsort(-candidates.reshape(batch, W * K), axis=1, kind="stable")[:, :width]
        alive = np.take_along_axis(candidates.reshape(batch, W * K), best, axis=1)
        parents, symbols = best // K, best % K  # (B, width)
        prefixes = np.concatenate(
            [np.take_along_axis(prefixes, parents[..., None], axis=1), symbols[..., None]], axis=2
        ).astype(np.int32)
        for row, at in np.argwhere((symbols == end) & np.isfinite(alive)):
            log_p = float(alive[row, at])
            ids = tuple(prefixes[row, at, :-1].tolist())
            finished[row].append(Hypothesis(ids, log_p, log_p / steps**length_penalty))
        alive = np.where(symbols == end, -np.inf, alive)
        bound = alive.max(axis=1) / (limit + 1) ** length_penalty  # no prefix can end better
        if all(
            (len(some) >= width and max(h.score for h in some) >= b) or not np.isfinite(b)
            for some, b in zip(finished, bound, strict=True)
        ):
            break
    return [sorted(some, key=lambda h: -h.score)[:width] for some in finished]
