"""The models in NumPy, with gradients by hand.

Letters (B, T) go in, logits (B, T, K) come out.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from unrolled.numpy.cells import CELLS, Array, glorot


def cross_entropy(logits: Array, tags: Array) -> tuple[float, Array]:
    """Mean of -log softmax(logits)[tag] over all letters, and its derivative.

    Shape:
        logits: (B, T, K); tags: (B, T) integers; the derivative by the logits:
        (B, T, K).
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(log_p, tags[..., None], axis=-1)
    d_logits = np.exp(log_p)
    np.put_along_axis(d_logits, tags[..., None], np.exp(chosen) - 1, axis=-1)
    return float(-chosen.mean()), d_logits / tags.size


class Dense:
    """An affine map of the last axis: y = W x + b.

    Shape:
        W: (outputs, inputs); b: (outputs,).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        rng: np.random.Generator,
        dtype: DTypeLike,
    ) -> None:
        self.parameters = {
            "W": glorot(rng, outputs, inputs).astype(dtype),
            "b": np.zeros(outputs, dtype),
        }
        self.gradients: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        self._x = x
        return x @ self.parameters["W"].T + self.parameters["b"]

    def backward(self, d_y: Array) -> Array:
        """Fills `gradients`; returns the derivative by x."""
        flat_x = self._x.reshape(-1, self._x.shape[-1])
        flat_d = d_y.reshape(-1, d_y.shape[-1])
        self.gradients = {"W": flat_d.T @ flat_x, "b": flat_d.sum(axis=0)}
        return d_y @ self.parameters["W"]


class Embedding:
    """One learned vector for each letter.

    Shape:
        E: (V, D); letters: (B, T) -> (B, T, D).
    """

    def __init__(
        self,
        input_size: int,
        size: int,
        rng: np.random.Generator,
        dtype: DTypeLike,
    ) -> None:
        E = rng.standard_normal((input_size, size)) / np.sqrt(size)
        self.parameters = {"E": E.astype(dtype)}
        self.gradients: dict[str, Array] = {}

    def forward(self, letters: Array) -> Array:
        self._letters = letters
        return self.parameters["E"][letters]

    def backward(self, d_x: Array) -> None:
        gradient = np.zeros_like(self.parameters["E"])
        np.add.at(gradient, self._letters, d_x)
        self.gradients = {"E": gradient}


class Model:
    """What all models share: layers by name, their parameters and gradients."""

    layers: dict[str, Any]

    def forward(self, letters: Array) -> Array:
        """Logits for every letter. Shape: letters (B, T); logits (B, T, K)."""
        raise NotImplementedError

    def backward(self, d_logits: Array) -> None:
        """Fills `gradients` from the loss's derivative by the logits.

        Shape: d_logits (B, T, K).
        """
        raise NotImplementedError

    @property
    def parameters(self) -> dict[str, Array]:
        """Every parameter, under `layer.parameter`."""
        return {
            f"{name}.{symbol}": value
            for name, layer in self.layers.items()
            for symbol, value in layer.parameters.items()
        }

    @property
    def gradients(self) -> dict[str, Array]:
        """The gradients of the last `backward`, under the same names."""
        return {
            f"{name}.{symbol}": value
            for name, layer in self.layers.items()
            for symbol, value in layer.gradients.items()
        }


class Tagger(Model):
    """Embedding, recurrent layer, readout: tags each letter as it is read.

    x_t = E[letter_t],  h_t = cell(x_t, h_prev),  y_t = V h_t + c

    Args:
        input_size: how many ids there are.
        output_size: K.
        cell: a name of `CELLS`, such as "lstm".
        embedding_size: D.
        hidden_size: H.
        seed: of the initial weights.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        cell: str = "elman",
        embedding_size: int = 32,
        hidden_size: int = 128,
        *,
        seed: int = 0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.embedding = Embedding(input_size, embedding_size, rng, dtype)
        self.recurrent = CELLS[cell](embedding_size, hidden_size, rng, dtype)
        self.readout = Dense(hidden_size, output_size, rng, dtype)
        self.layers = {
            "embedding": self.embedding,
            "recurrent": self.recurrent,
            "readout": self.readout,
        }

    def forward(self, letters: Array) -> Array:
        h, _ = self.recurrent.forward(self.embedding.forward(letters))
        return self.readout.forward(h)

    def backward(self, d_logits: Array) -> None:
        d_x, _ = self.recurrent.backward(self.readout.backward(d_logits))
        self.embedding.backward(d_x)


def windows(letters: Array, window: int) -> Array:
    """Each letter with its neighbours; the word is padded with the letter 0.

    Shape: (B, T) -> (B, T, window).
    """
    reach = window // 2
    padded = np.pad(letters, ((0, 0), (reach, reach)))
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)


class WindowTagger(Model):
    """The feed-forward baseline: tags each letter from those around it.

    u_t = [E[letter_{t-r}], ..., E[letter_{t+r}]]   with r = (window - 1) / 2
    y_t = V tanh(W u_t + b) + c

    Args:
        window: letters seen at once, odd; the word is padded with the letter 0.
        input_size, output_size, embedding_size, hidden_size, seed: as in
            `Tagger`.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        window: int = 5,
        embedding_size: int = 32,
        hidden_size: int = 128,
        *,
        seed: int = 0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.window = window
        self.embedding = Embedding(input_size, embedding_size, rng, dtype)
        self.hidden = Dense(window * embedding_size, hidden_size, rng, dtype)
        self.readout = Dense(hidden_size, output_size, rng, dtype)
        self.layers = {
            "embedding": self.embedding,
            "hidden": self.hidden,
            "readout": self.readout,
        }

    def forward(self, letters: Array) -> Array:
        around = windows(letters, self.window)  # (B, T, window)
        x = self.embedding.forward(around)  # (B, T, window, D)
        self._h = np.tanh(self.hidden.forward(x.reshape(*letters.shape, -1)))
        return self.readout.forward(self._h)

    def backward(self, d_logits: Array) -> None:
        d_a = self.readout.backward(d_logits) * (1 - self._h**2)
        d_x = self.hidden.backward(d_a)
        self.embedding.backward(d_x.reshape(*d_x.shape[:2], self.window, -1))


MODELS: dict[str, type[Model]] = {
    "Tagger": Tagger,
    "WindowTagger": WindowTagger,
}
