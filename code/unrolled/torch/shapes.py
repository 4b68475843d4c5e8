"""Models in PyTorch for tasks of other shapes than one tag a letter."""

from typing import ClassVar

import torch
from torch import Tensor

from unrolled.decoding import END_ID
from unrolled.torch.cells import CELLS, State
from unrolled.torch.encoder_decoder import before
from unrolled.torch.layers import dense, embedding
from unrolled.torch.model import Model


class OneToOne(Model):
    """One letter in, one tag out: no time, so nothing recurs.

    y = V tanh(W E[letter] + b) + c

    Shape:
        letters: (B, 1) integers; logits y: (B, 1, K).
    """

    def __init__(self, num_letters: int, num_tags: int, hidden_size: int = 32) -> None:
        super().__init__()
        self.embedding = embedding(num_letters, hidden_size)
        self.hidden = dense(hidden_size, hidden_size)
        self.readout = dense(hidden_size, num_tags)

    def forward(self, letters: Tensor) -> Tensor:
        return self.readout(torch.tanh(self.hidden(self.embedding(letters))))


class ManyToOne(Model):
    """A word in, one answer out: only the last state is read.

    h_t = cell(E[letter_t], h_{t-1}),   y = V h_T + c

    Shape:
        letters: (B, T) integers; logits y: (B, 1, K).
    """

    def __init__(
        self, num_letters: int, num_answers: int, cell: str = "gru", hidden_size: int = 64
    ) -> None:
        super().__init__()
        self.embedding = embedding(num_letters, hidden_size)
        self.recurrent = CELLS[cell](hidden_size, hidden_size)
        self.readout = dense(hidden_size, num_answers)

    def forward(self, letters: Tensor) -> Tensor:
        h, _ = self.recurrent(self.embedding(letters))  # (B, T, H)
        return self.readout(h[:, -1:])  # (B, 1, K)


class OneToMany(Model):
    """One vector in, a sequence of symbols out, each told the one before it.

    h_0 = tanh(B x + b),   h_u = cell(P symbol_{u-1}, h_{u-1}),   y_u = V h_u + c

    The end symbol stands before the first one and after the last one.

    Shape:
        x: (B, D), numbers of any kind; logits y: (B, U, K).
    """

    writes: ClassVar[str] = "phonemes"

    def __init__(
        self,
        input_size: int,
        num_symbols: int,
        cell: str = "gru",
        hidden_size: int = 128,
        longest: int = 16,
    ) -> None:
        super().__init__()
        self.longest = longest
        self.bridge = dense(input_size, hidden_size)
        self.told = embedding(num_symbols, hidden_size)
        self.decoder = CELLS[cell](hidden_size, hidden_size)
        self.readout = dense(hidden_size, num_symbols)

    def begin(self, x: Tensor) -> State:
        """The first state: all that the decoder learns of x."""
        h_0 = torch.tanh(self.bridge(x.to(self.bridge.weight.dtype)))  # (B, H)
        return h_0, *self.decoder.initial_state(len(x))[1:]

    def teach(self, x: Tensor, targets: Tensor) -> Tensor:
        """Teacher forcing: each step is told the right symbol before it."""
        h, _ = self.decoder(self.told(before(targets)), self.begin(x))  # (B, U, H)
        return self.readout(h)

    def forward(self, x: Tensor) -> Tensor:
        return self.teach(x, self.read(x))

    def read(self, x: Tensor) -> Tensor:
        """Says the most probable symbol, is told it, and goes on. Shape: (B, D) -> (B, longest)."""
        state, ids = self.begin(x), []
        said = torch.full((len(x),), END_ID)
        for _ in range(self.longest):
            y_u, state = self.decoder.step(self.told(said), state)
            said = self.readout(y_u).argmax(dim=-1)  # (B,)
            ids.append(said)
        return torch.stack(ids, dim=1)


SHAPES: dict[str, type[Model]] = {
    "one-to-one": OneToOne,
    "many-to-one": ManyToOne,
    "one-to-many": OneToMany,
}
