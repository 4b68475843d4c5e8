"""A long text read in windows by a model that carries its state from one window to the next."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import unrolled.keras  # noqa: F401  before Keras itself: it loads TensorFlow without its notes

# isort: split
from pydoc_data.topics import topics

import keras
import numpy as np
import tensorflow as tf
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Array = NDArray[np.int64]
Carry = Literal["carried", "zero", "shuffled"]  # the state with which a window begins
LETTERS = " abcdefghijklmnopqrstuvwxyz"


def manual() -> str:
    """The text of the manual that every Python carries, in small letters and blanks."""
    return re.sub("[^a-z]+", " ", " ".join(topics.values()).lower())


def lay_out(text: str, batch: int) -> Array:
    """The text as `batch` streams: row 0 is its first part, row 1 its second.

    Shape: (batch, T) of ids.
    """
    ids = np.array([LETTERS.index(letter) for letter in text])
    T = len(ids) // batch
    return ids[: batch * T].reshape(batch, T)


def windows(rows: Array, window: int) -> Iterator[tuple[Array, Array]]:
    """Letters, and the letter after each, window by window.

    Row b of a window goes on where row b of the one before has ended.

    Shape: rows (B, T); letters and following (B, window) each.
    """
    for start in range(0, rows.shape[1] - window, window):
        end = start + window
        yield rows[:, start:end], rows[:, start + 1 : end + 1]


def train_pytorch(model: Any, rows: Array, window: int, learning_rate: float = 5e-3) -> list[float]:
    """Truncated backpropagation through time: the state goes on, the gradient does not."""
    adam = torch.optim.Adam(model.parameters(), learning_rate, eps=1e-7)
    state, losses = model.recurrent.initial_state(len(rows)), []
    for letters, following in windows(rows, window):
        h, state = model.recurrent(model.embedding(torch.from_numpy(letters)), state)
        logits = model.readout(h).flatten(0, 1)  # (B * window, K)
        loss = F.cross_entropy(logits, torch.from_numpy(following).flatten())
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        state = tuple(s.detach() for s in state)  # cuts the graph: here the gradient will stop
        losses.append(loss.item())
    return losses


def train_keras(model: Any, rows: Array, window: int, learning_rate: float = 5e-3) -> list[float]:
    """The same. The next tape does not know where the state came from, so nothing needs a cut."""
    adam = keras.optimizers.Adam(learning_rate, epsilon=1e-7, global_clipnorm=1.0)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function  # type: ignore[untyped-decorator]
    def train_step(letters: Any, following: Any, state: Any) -> Any:
        with tf.GradientTape() as tape:
            h, state = model.recurrent(model.embedding(letters), state)
            loss = entropy(following, model.readout(h))
        weights = model.trainable_variables
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss, state

    adam.build(model.trainable_variables)
    state, losses = model.recurrent.initial_state(len(rows)), []
    for letters, following in windows(rows, window):
        loss, state = train_step(letters, following, state)
        losses.append(float(loss))
    return losses


def errors(
    model: Any, letters: Array, following: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the cell reads, and what the mean cross-entropy says of each of its outputs.

    g_t = V^T (p_t - q_t) / (B T), with q_t 1 at the letter that follows

    Args:
        model: a tagger in PyTorch whose tags are the letters that follow.
        letters: (B, T).
        following: (B, T).

    Shape: x (B, T, D); g (B, T, H).
    """
    with torch.no_grad():
        x = model.embedding(torch.from_numpy(letters))
        h, _ = model.recurrent(x)
        p = model.readout(h).softmax(dim=-1).double().numpy()  # (B, T, K)
    p[(*np.indices(following.shape), following)] -= 1
    V = model.readout.weight.detach().double().numpy()
    return x.double().numpy(), p @ V / following.size


def loss_by_place(model: Any, rows: Array, window: int, carry: Carry) -> NDArray[np.float64]:
    """How surprised the model is at each place of a window, in bits a letter.

    Args:
        model: a tagger in PyTorch whose tags are the letters that follow.
        rows: (B, T), read in windows.
        window: steps.
        carry: a window begins with the state of its own stream, with zeros, or with the state of
            another stream, as it does where windows are shuffled and the state is kept.

    Shape: returns (window,).
    """
    state, found = model.recurrent.initial_state(len(rows)), []
    with torch.no_grad():
        for letters, following in windows(rows, window):
            h, state = model.recurrent(model.embedding(torch.from_numpy(letters)), state)
            logits = model.readout(h).transpose(1, 2)  # (B, K, window)
            loss = F.cross_entropy(logits, torch.from_numpy(following), reduction="none")
            found.append(loss.mean(dim=0).numpy())
            if carry == "zero":
                state = model.recurrent.initial_state(len(rows))
            elif carry == "shuffled":
                state = tuple(s.roll(1, dims=0) for s in state)
    bits: NDArray[np.float64] = np.mean(found[1:], axis=0) / np.log(2)  # the first begins anyway
    return bits
