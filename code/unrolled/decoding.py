"""Beam search over sequences, for a model of any framework."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = tuple[Array, ...]
# Maps the last symbols (N,) and the model's memory of those before them, arrays of (N, ...),
# to the log-probability of each next symbol (N, K) and the new memory.
Step = Callable[[Array, Arrays], tuple[Array, Arrays]]
END_ID = 0  # a model outputs it after the last symbol, and reads it before the first


@dataclass(frozen=True)
class Hypothesis:
    """A finished sequence.

    Args:
        ids: its symbols, without the end symbol.
        log_p: the log-probability of the symbols and of the end symbol after them.
        score: ranks the hypotheses, log_p / steps^length_penalty.
    """

    ids: tuple[int, ...]
    log_p: float
    score: float


def most_steps(T: int) -> int:
    """The most symbols decoded for T inputs before a sequence is cut off."""
    return 2 * T + 8


def search(
    step: Step, start: Arrays, width: int, limit: int, length_penalty: float = 0.0
) -> list[list[Hypothesis]]:
    """The best sequences of each row of a batch, best first, at most `width` per row.

    Each step keeps the `width` best extensions of the prefixes in the beam; those that end in
    the end symbol are finished and leave the beam. With a width of 1 this is greedy decoding. A
    dropped prefix may have led to the best sequence: the search guarantees nothing, unless it is
    so wide that nothing is dropped.

    score = log p / steps^length_penalty, where steps counts the symbols and the end symbol. A
    log-probability is negative and falls with each step, so without a penalty short sequences
    win. Dividing by a power of the length favours longer ones: the penalty is on being short
    (Wu and others 2016).

    Args:
        step: one step of the model.
        start: its initial memory, arrays of (B, ...).
        width: prefixes kept for each row, W.
        limit: the most symbols in a sequence; one that has not ended by then ends there.
        length_penalty: the exponent, 0 for none.

    Raises:
        ValueError: width or limit is less than 1, or the penalty less than 0.
    """
    if width < 1 or limit < 1 or length_penalty < 0:
        raise ValueError(f"no beam search has {width=}, {limit=}, {length_penalty=}")
    B = len(start[0])
    memory = tuple(np.repeat(array, width, axis=0) for array in start)  # (B W, ...)
    prefixes = np.zeros((B, width, 0), np.int32)
    alive = np.where(np.arange(width) == 0, np.zeros((B, 1)), -np.inf)  # log p of each prefix
    last = np.full(B * width, END_ID, np.int32)
    finished: list[list[Hypothesis]] = [[] for _ in range(B)]
    for steps in range(1, limit + 2):
        log_p, memory = step(last, memory)  # (B W, K)
        if steps > limit:
            log_p = np.where(np.arange(log_p.shape[-1]) == END_ID, log_p, -np.inf)
        alive, parents, symbols = _best(alive[..., None] + log_p.reshape(B, width, -1))
        prefixes = np.take_along_axis(prefixes, parents[..., None], axis=1)
        for row, at in np.argwhere((symbols == END_ID) & np.isfinite(alive)):
            ids, total = tuple(prefixes[row, at].tolist()), float(alive[row, at])
            finished[row].append(Hypothesis(ids, total, total / steps**length_penalty))
        alive[symbols == END_ID] = -np.inf
        reachable = alive.max(axis=1) / (limit + 1) ** length_penalty  # no prefix ends better
        if all(
            _done(hypotheses, width, best)
            for hypotheses, best in zip(finished, reachable, strict=True)
        ):
            break
        prefixes = np.concatenate([prefixes, symbols[..., None]], axis=2)
        rows = (np.arange(B)[:, None] * width + parents).ravel()
        memory, last = tuple(array[rows] for array in memory), symbols.ravel()
    return [sorted(hypotheses, key=lambda h: -h.score)[:width] for hypotheses in finished]


def _best(candidates: Array) -> tuple[Array, Array, Array]:
    """The best extensions of each row, best first: log p, the prefix, and the symbol after it.

    Shape: (B, W, K) -> (B, W) each. Ties go to the first, as with `argmax`.
    """
    B, W, K = candidates.shape
    flat = candidates.reshape(B, W * K)
    at = np.argsort(-flat, axis=1, kind="stable")[:, :W].astype(np.int32)
    return np.take_along_axis(flat, at, axis=1), at // K, at % K


def _done(hypotheses: list[Hypothesis], width: int, reachable: float) -> bool:
    """Whether no prefix of this row can still end among the best."""
    if not np.isfinite(reachable):
        return True
    scores = sorted((h.score for h in hypotheses), reverse=True)
    return len(scores) >= width and scores[width - 1] >= reachable
