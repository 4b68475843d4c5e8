"""The models in Keras that tag items: ids (B, T) or vectors (B, T, D) in, logits (B, T, K) out.

Each takes the `lengths` (B,) of its rows besides, where rows of a batch are padded with the id 0 on
the right. Padding changes no logits of an item; what stands at the padding itself means nothing.
"""

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.aligned import AlignedDecoder
from unrolled.keras.cells import CELLS, State
from unrolled.keras.encoder_decoder import EncoderDecoder
from unrolled.keras.layers import (
    Readout,
    SelfAttention,
    Stack,
    embedding,
    pad,
    present,
)
from unrolled.keras.model import Model
from unrolled.tasks.task import Inputs


class Tagger(Model):
    """Embedding, one recurrent layer, an affine readout: a label for every item as it is read.

    x_t = E[input_t],  h_t = cell(x_t, h_prev),  y_t = V h_t + c

    Args:
        input_size: how many ids there are, or features of a vector.
        output_size: K.
        cell: a name of `CELLS`, such as "lstm".
        embedding_size: D.
        hidden_size: H.
        dropout: the share of h_t that the readout misses in training.
        inputs: what is read, "ids" or "vectors", of which E is then an affine map.

    Shape:
        inputs: (B, T) ids or (B, T, D) vectors; logits y: (B, T, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        cell: str = "elman",
        embedding_size: int = 32,
        hidden_size: int = 128,
        dropout: float = 0.0,
        inputs: Inputs = "ids",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(
            input_size, embedding_size, inputs, self.dtype_policy
        )
        self.recurrent = CELLS[cell](
            hidden_size, dtype=self.dtype_policy, name="recurrent"
        )
        self.readout = Readout(
            output_size, dropout, dtype=self.dtype_policy, name="readout"
        )
        self.touch(input_size, inputs)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        return self.advance(inputs, training=training)[0]

    def advance(
        self, inputs: Tensor, state: State | None = None, training: bool = False
    ) -> tuple[Tensor, State]:
        x = self.embedding(inputs)  # (B, T, D)
        h, state = self.recurrent(x, state)  # (B, T, H)
        return self.readout(h, training=training), state  # (B, T, K)


class StackedTagger(Model):
    """The tagger with a deeper or two-directional recurrent part: a `Stack`.

    x_t = E[input_t],  h_1 ... h_T = Stack(x_1 ... x_T),  y_t = V h_t + c

    Args:
        input_size, output_size, embedding_size: as in `Tagger`.
        cell, hidden_size, num_layers, bidirectional, residual, layer_norm: as in `Stack`.
        dropout: the share of a layer's output that the next layer, or the readout, misses.

    Shape:
        inputs: (B, T) ids or (B, T, D) vectors; logits y: (B, T, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        residual: bool = False,
        layer_norm: bool = False,
        dropout: float = 0.0,
        inputs: Inputs = "ids",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(
            input_size, embedding_size, inputs, self.dtype_policy
        )
        self.recurrent = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional,
            residual,
            layer_norm,
            dropout,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self.readout = Readout(
            output_size, dropout, dtype=self.dtype_policy, name="readout"
        )
        self.touch(input_size, inputs)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        x = self.embedding(inputs)  # (B, T, D)
        h, _ = self.recurrent(
            x, lengths, training=training
        )  # (B, T, H) or (B, T, 2H)
        return self.readout(h, training=training)  # (B, T, K)

    def advance(
        self, inputs: Tensor, state: State | None = None, training: bool = False
    ) -> tuple[Tensor, State]:
        x = self.embedding(inputs)  # (B, T, D)
        h, state = self.recurrent(
            x, state=state, training=training
        )  # (B, T, H)
        return self.readout(h, training=training), state  # (B, T, K)


class LookAheadTagger(Model):
    """The one-directional tagger that answers `delay` items late.

    h_t = cell(x_t, h_prev),  y_t = V h_{t + delay} + c

    After the row it reads `delay` times the padding 0. So y_t knows the items up to
    t + delay, and there is still one direction only.

    Args:
        delay: items read before the first answer; 0 makes it the `Tagger`.
        input_size, output_size, cell, embedding_size, hidden_size, dropout: as in `Tagger`.

    Shape:
        inputs: (B, T) ids or (B, T, D) vectors; logits y: (B, T, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        delay: int = 3,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        dropout: float = 0.0,
        inputs: Inputs = "ids",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.delay = delay
        self.embedding = embedding(
            input_size, embedding_size, inputs, self.dtype_policy
        )
        self.recurrent = CELLS[cell](
            hidden_size, dtype=self.dtype_policy, name="recurrent"
        )
        self.readout = Readout(
            output_size, dropout, dtype=self.dtype_policy, name="readout"
        )
        self.touch(input_size, inputs)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        x = self.embedding(pad(inputs, 0, self.delay))  # (B, T + delay, D)
        h, _ = self.recurrent(x)  # (B, T + delay, H)
        h = h[:, self.delay :]
        return self.readout(h, training=training)  # (B, T, K)


class ConvTagger(Model):
    """A convolution over the items feeds the recurrent part.

    u_t = relu(sum_j C_j x_{t+j} + d)   for j = -r ... r with r = (kernel_size - 1) / 2
    h_1 ... h_T = Stack(u_1 ... u_T),  y_t = V h_t + c

    In one direction y_t knows the items up to t + r: the receptive field of the convolution is
    the model's look-ahead. Beyond the row stand zeros.

    Args:
        input_size, output_size, embedding_size: as in `Tagger`.
        kernel_size: items that one filter sees, odd.
        filters: features of u_t.
        cell, hidden_size, num_layers, bidirectional: as in `Stack`.
        dropout: the share of a layer's output that the next layer, or the readout, misses.

    Shape:
        inputs: (B, T) ids or (B, T, D) vectors; logits y: (B, T, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        kernel_size: int = 5,
        filters: int = 64,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        inputs: Inputs = "ids",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(
            input_size, embedding_size, inputs, self.dtype_policy
        )
        self.convolution = keras.layers.Conv1D(
            filters,
            kernel_size,
            padding="same",
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.recurrent = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional,
            dropout=dropout,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self.readout = Readout(
            output_size, dropout, dtype=self.dtype_policy, name="readout"
        )
        self.touch(input_size, inputs)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        x = self.embedding(inputs)  # (B, T, D)
        if lengths is not None:
            x = (
                x
                * ops.cast(present(lengths, inputs.shape[1]), x.dtype)[
                    ..., None
                ]
            )
        u = ops.relu(self.convolution(x))  # (B, T, filters)
        h, _ = self.recurrent(
            u, lengths, training=training
        )  # (B, T, H) or (B, T, 2H)
        return self.readout(h, training=training)  # (B, T, K)


class AttentionTagger(Model):
    """Self-attention over the recurrent states: each item may look at the whole row.

    h_1 ... h_T = Stack(x_1 ... x_T),  context_t = sum_s a_ts V h_s,  y_t = W [h_t, context_t] + c

    Args:
        input_size, output_size, embedding_size: as in `Tagger`.
        attention_size: features of queries, keys and the context.
        cell, hidden_size, num_layers, bidirectional: as in `Stack`.
        dropout: the share of a layer's output that the next layer, or the readout, misses.

    Shape:
        inputs: (B, T) ids or (B, T, D) vectors; logits y: (B, T, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        attention_size: int = 64,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        inputs: Inputs = "ids",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(
            input_size, embedding_size, inputs, self.dtype_policy
        )
        self.recurrent = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional,
            dropout=dropout,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self.attention = SelfAttention(
            attention_size, dtype=self.dtype_policy, name="attention"
        )
        self.readout = Readout(
            output_size, dropout, dtype=self.dtype_policy, name="readout"
        )
        self.touch(input_size, inputs)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        h, _ = self.recurrent(
            self.embedding(inputs), lengths, training=training
        )  # (B, T, H or 2H)
        context, _ = self.attention(h, lengths)
        h = ops.concatenate([h, context], axis=-1)
        return self.readout(h, training=training)  # (B, T, K)

    def attention_weights(
        self, inputs: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """a_ts: how much the label of item t looks at item s. Shape: (B, T) -> (B, T, T)."""
        h, _ = self.recurrent(self.embedding(inputs), lengths)
        return self.attention(h, lengths)[1]


class WindowTagger(Model):
    """The feed-forward baseline: each item is tagged from the `window` items around it.

    u_t = [E[input_{t-r}], ..., E[input_{t+r}]]   with r = (window - 1) / 2
    y_t = V tanh(W u_t + b) + c

    Args:
        window: items seen at once, odd; beyond the row stands the padding 0.
        input_size, output_size, embedding_size, hidden_size: as in `Tagger`.

    Shape:
        inputs: (B, T) ids or (B, T, D) vectors; logits y: (B, T, K).
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        window: int = 5,
        embedding_size: int = 32,
        hidden_size: int = 128,
        dropout: float = 0.0,
        inputs: Inputs = "ids",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.window = window
        self.embedding = embedding(
            input_size, embedding_size, inputs, self.dtype_policy
        )
        self.hidden = keras.layers.Dense(
            hidden_size, "tanh", dtype=self.dtype_policy, name="hidden"
        )
        self.readout = Readout(
            output_size, dropout, dtype=self.dtype_policy, name="readout"
        )
        self.touch(input_size, inputs)

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        reach, T = self.window // 2, inputs.shape[1]
        x = self.embedding(
            pad(inputs, reach, reach)
        )  # (B, reach + T + reach, D)
        x = ops.concatenate(
            [x[:, k : k + T] for k in range(self.window)], axis=-1
        )
        x = self.hidden(x)  # (B, T, H)
        return self.readout(x, training=training)  # (B, T, K)


MODELS: dict[str, type[Model]] = {
    "Tagger": Tagger,
    "StackedTagger": StackedTagger,
    "LookAheadTagger": LookAheadTagger,
    "ConvTagger": ConvTagger,
    "AttentionTagger": AttentionTagger,
    "AlignedDecoder": AlignedDecoder,
    "EncoderDecoder": EncoderDecoder,
    "WindowTagger": WindowTagger,
}
