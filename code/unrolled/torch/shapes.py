"""Models in PyTorch for tasks of other shapes than one label an item."""

from typing import ClassVar

import torch
from torch import Tensor

from unrolled.decoding import END_ID
from unrolled.tasks.task import Kind
from unrolled.torch.cells import CELLS, State
from unrolled.torch.encoder_decoder import before
from unrolled.torch.layers import dense, embedding, last
from unrolled.torch.model import Model


class OneToOne(Model):
    """One item in, one label out: no time, so nothing recurs.

    y = V tanh(W E[input] + b) + c

    Shape:
        inputs: (B, 1) ids; logits y: (B, 1, K).
    """

    def __init__(
        self, input_size: int, output_size: int, hidden_size: int = 32
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, hidden_size)
        self.hidden = dense(hidden_size, hidden_size)
        self.readout = dense(hidden_size, output_size)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.readout(torch.tanh(self.hidden(self.embedding(inputs))))


class ManyToOne(Model):
    """A row of items in, one answer out, read from the last state.

    h_t = cell(E[input_t], h_{t-1}),   y = V h_T + c

    T is the length of each row.

    Shape:
        inputs: (B, T) ids; lengths: (B,); logits y: (B, 1, K).
    """

    answer: ClassVar[Kind] = "label"

    def __init__(
        self,
        input_size: int,
        output_size: int,
        cell: str = "gru",
        hidden_size: int = 64,
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, hidden_size)
        self.recurrent = CELLS[cell](hidden_size, hidden_size)
        self.readout = dense(hidden_size, output_size)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        h, _ = self.recurrent(self.embedding(inputs))  # (B, T, H)
        return self.readout(last(h, lengths))  # (B, 1, K)


class OneToMany(Model):
    """One vector in, a sequence of symbols out, each fed to the next step.

    h_0 = tanh(B x + b)
    h_u = cell(P symbol_{u-1}, h_{u-1}),   y_u = V h_u + c

    The end symbol stands before the first symbol and after the last.

    Shape:
        x: (B, D), numbers of any kind; logits y: (B, U, K).
    """

    answer: ClassVar[Kind] = "sequence"

    def __init__(
        self,
        input_size: int,
        output_size: int,
        cell: str = "gru",
        hidden_size: int = 128,
        longest: int = 16,
    ) -> None:
        super().__init__()
        self.longest = longest
        self.bridge = dense(input_size, hidden_size)
        self.told = embedding(output_size, hidden_size)
        self.decoder = CELLS[cell](hidden_size, hidden_size)
        self.readout = dense(hidden_size, output_size)

    def begin(self, x: Tensor) -> State:
        """The first state: all that the decoder learns of x."""
        h_0 = torch.tanh(self.bridge(x.to(self.bridge.weight.dtype)))  # (B, H)
        return h_0, *self.decoder.initial_state(len(x))[1:]

    def teach(
        self, x: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """Teacher forcing: each step sees the right symbol before it."""
        p = self.told(before(targets))  # (B, U, H)
        h, _ = self.decoder(p, self.begin(x))  # (B, U, H)
        return self.readout(h)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.teach(x, self.read(x))

    def read(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Reads greedily: the most probable symbol at each step.

        Shape: returns (B, longest).
        """
        state, ids = self.begin(x), []
        symbol = torch.full((len(x),), END_ID)
        for _ in range(self.longest):
            y_u, state = self.decoder.step(self.told(symbol), state)
            symbol = self.readout(y_u).argmax(dim=-1)  # (B,)
            ids.append(symbol)
        return torch.stack(ids, dim=1)


SHAPES: dict[str, type[Model]] = {
    "one-to-one": OneToOne,
    "many-to-one": ManyToOne,
    "one-to-many": OneToMany,
}
