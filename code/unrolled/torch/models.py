"""The models in PyTorch: letters (B, T) in, logits (B, T, K) out."""

import torch
from torch import Tensor, nn

from unrolled.torch.cells import CELLS


def embedding(num_letters: int, size: int) -> nn.Embedding:
    """One learned vector a letter, normal with variance 1 / size at the start.

    Shape: (B, T) -> (B, T, size).
    """
    layer = nn.Embedding(num_letters, size)
    nn.init.normal_(layer.weight, std=size**-0.5)
    return layer


def dense(inputs: int, outputs: int) -> nn.Linear:
    """An affine map, Glorot uniform with zero bias at the start.

    Shape: (..., inputs) -> (..., outputs).
    """
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class Tagger(nn.Module):
    """Embedding, one recurrent layer, an affine readout: a tag for every letter as it is read.

    x_t = E[letter_t],  h_t = cell(x_t, h_prev),  y_t = V h_t + c

    Args:
        num_letters: size of the letter vocabulary.
        num_tags: K.
        cell: "elman", "lstm" or "gru".
        embedding_size: D.
        hidden_size: H.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        cell: str = "elman",
        embedding_size: int = 32,
        hidden_size: int = 128,
    ) -> None:
        super().__init__()
        self.embedding = embedding(num_letters, embedding_size)
        self.recurrent = CELLS[cell](embedding_size, hidden_size)
        self.readout = dense(hidden_size, num_tags)

    def forward(self, letters: Tensor) -> Tensor:
        x = self.embedding(letters)  # (B, T, D)
        h, _ = self.recurrent(x)  # (B, T, H)
        return self.readout(h)  # (B, T, K)


class WindowTagger(nn.Module):
    """The feed-forward baseline: each letter is tagged from the `window` letters around it.

    u_t = [E[letter_{t-r}], ..., E[letter_{t+r}]]   with r = (window - 1) / 2
    y_t = V tanh(W u_t + b) + c

    Args:
        window: letters seen at once, odd; beyond the word stands the padding letter 0.
        num_letters, num_tags, embedding_size, hidden_size: as in `Tagger`.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        window: int = 5,
        embedding_size: int = 32,
        hidden_size: int = 128,
    ) -> None:
        super().__init__()
        self.window = window
        self.embedding = embedding(num_letters, embedding_size)
        self.hidden = dense(window * embedding_size, hidden_size)
        self.readout = dense(hidden_size, num_tags)

    def forward(self, letters: Tensor) -> Tensor:
        reach = self.window // 2
        padded = nn.functional.pad(letters, (reach, reach))
        x = self.embedding(padded.unfold(1, self.window, 1))  # (B, T, window, D)
        return self.readout(torch.tanh(self.hidden(x.flatten(2))))  # (B, T, K)


MODELS: dict[str, type[nn.Module]] = {"Tagger": Tagger, "WindowTagger": WindowTagger}
