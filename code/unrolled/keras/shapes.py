"""Models in Keras for tasks of other shapes than one label an item."""

from typing import Any, ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.decoding import END_ID
from unrolled.keras.cells import CELLS, State
from unrolled.keras.encoder_decoder import before
from unrolled.keras.layers import embedding, last
from unrolled.keras.model import Model
from unrolled.tasks.task import Kind


class OneToOne(Model):
    """One item in, one label out: no time, so nothing recurs.

    y = V tanh(W E[input] + b) + c

    Shape:
        inputs: (B, 1) ids; logits y: (B, 1, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        hidden_size: int = 32,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(input_size, hidden_size)
        self.hidden = keras.layers.Dense(
            hidden_size, activation="tanh", name="hidden"
        )
        self.readout = keras.layers.Dense(output_size, name="readout")
        self.touch(input_size)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        return self.readout(self.hidden(self.embedding(inputs)))


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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(input_size, hidden_size)
        self.recurrent = CELLS[cell](hidden_size, name="recurrent")
        self.readout = keras.layers.Dense(output_size, name="readout")
        self.touch(input_size)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.longest = longest
        self.bridge = keras.layers.Dense(
            hidden_size, activation="tanh", name="bridge"
        )
        self.told = embedding(output_size, hidden_size, name="told")
        self.decoder = CELLS[cell](hidden_size, name="decoder")
        self.readout = keras.layers.Dense(output_size, name="readout")
        one = ops.zeros((1, 1), "int32")
        self(ops.zeros((1, input_size)), targets=one)  # builds the weights

    def begin(self, x: Tensor) -> State:
        """The first state: all that the decoder learns of x."""
        h_0 = self.bridge(ops.cast(x, self.compute_dtype))  # (B, H)
        return h_0, *self.decoder.initial_state(ops.shape(x)[0])[1:]

    def call(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        targets: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """The logits of each step, given the targets or a greedy reading."""
        targets = self.read(x) if targets is None else targets
        p = self.told(before(targets))  # (B, U, H)
        h, _ = self.decoder(p, self.begin(x))  # (B, U, H)
        return self.readout(h)

    def teach(
        self,
        x: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """Teacher forcing: each step sees the right symbol before it."""
        return self(x, targets=targets, training=training)

    def read(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Reads greedily: the most probable symbol at each step.

        Shape: returns (B, longest).
        """
        state, ids = self.begin(x), []
        symbol = ops.full((ops.shape(x)[0],), END_ID, "int32")
        for _ in range(self.longest):
            y_u, state = self.decoder.step(self.told(symbol), state)
            symbol = ops.argmax(self.readout(y_u), axis=-1)  # (B,)
            ids.append(symbol)
        return ops.stack(ids, axis=1)


SHAPES: dict[str, type[Model]] = {
    "one-to-one": OneToOne,
    "many-to-one": ManyToOne,
    "one-to-many": OneToMany,
}
