"""Text as a task: long streams, read in windows, with the state carried from one to the next."""

import hashlib
from typing import Any

import numpy as np

from unrolled.tasks.task import Answer, Array, Batch, Predictor, Row, Task


def lay_out(ids: Array, streams: int) -> Array:
    """A text cut into parallel streams: row 0 is its first part, row 1 its second.

    Shape: ids (N,) -> (streams, N // streams).
    """
    T = len(ids) // streams
    return ids[: streams * T].reshape(streams, T)


def windows(streams: Array, window: int) -> list[Batch]:
    """The characters and their successors, window by window.

    Row b of a window continues row b of the previous one.

    Shape: streams (B, N); inputs and targets (B, window) each.
    """
    return [
        Batch(
            streams[:, start : start + window],
            streams[:, start + 1 : start + window + 1],
            continues=start > 0,
        )
        for start in range(0, streams.shape[1] - window, window)
    ]


class TextTask(Task):
    """Predicting the next character, in streams that are read in windows.

    Row b of a window continues row b of the previous one, so a model that carries its state
    reads each stream from its beginning; its gradient stops where the window begins
    (truncated backpropagation through time).

    Args:
        train: the streams to learn from, (B, N) ids.
        valid: the streams to validate on, likewise.
        size: the number of different characters, K.
        window: the number of steps in a window.
    """

    name = "text"
    items = "characters"
    decides = "bits"

    def __init__(self, train: Array, valid: Array, size: int, window: int) -> None:
        self.train, self.valid, self.size, self.window = train, valid, size, window

    @property
    def input_size(self) -> int:
        return self.size

    @property
    def answer(self) -> Answer:
        return Answer("next", self.size)

    @property
    def facts(self) -> dict[str, Any]:
        digest = hashlib.sha256(self.train.tobytes() + self.valid.tobytes())
        return {"data": {"fingerprint": digest.hexdigest()[:16]}, "window": self.window}

    def num_items(self, sample: int | None) -> int:
        windows = (self.train.shape[1] - 1) // self.window
        return len(self.train) * self.window * windows

    def epoch(
        self, epoch: int, batch_size: int, seed: int, sample: int | None = None
    ) -> list[Batch]:
        """All windows in order; nothing is shuffled, and each row is a stream."""
        return windows(self.train, self.window)

    def validate(self, predictor: Predictor) -> Row:
        """Bits per character: the mean of -log2 p(character), the state carried throughout."""
        return {"bits": float(self.surprise(predictor, self.valid).mean())}

    def surprise(self, predictor: Predictor, streams: Array) -> Array:
        """-log2 p of each character but the first. Shape: (B, N) -> (B, windows * window)."""
        state, bits = None, []
        for batch in windows(streams, self.window):
            logits, state = predictor.advance(batch.inputs, state)
            bits.append(surprise(logits, batch.targets))
        return np.concatenate(bits, axis=1)


def surprise(logits: Array, targets: Array) -> Array:
    """-log2 p of each target: log2 sum_k exp(y_k) - y_target / ln 2.

    Shape: logits (B, T, K); targets (B, T); returns (B, T).
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0] / np.log(2)
