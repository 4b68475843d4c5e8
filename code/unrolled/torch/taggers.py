"""The models in PyTorch that label the items of a row.

Ids (B, T) or vectors (B, T, D) go in, logits (B, T, K) come out. Where rows of
a batch are padded with the id 0 on the right, a model also takes their
`lengths` (B,). Padding changes no logits of an item; what stands at the
padding itself means nothing.
"""

import torch
from torch import Tensor, nn

from unrolled.tasks.task import Inputs
from unrolled.torch.aligned import AlignedDecoder
from unrolled.torch.cells import CELLS, State
from unrolled.torch.encoder_decoder import EncoderDecoder
from unrolled.torch.layers import (
    Readout,
    SelfAttention,
    Stack,
    dense,
    embedding,
    pad,
    present,
)
from unrolled.torch.model import Model


class Tagger(Model):
    """Embedding, recurrent layer, readout: labels each item as it is read.

    x_t = E[input_t],  h_t = cell(x_t, h_prev),  y_t = V h_t + c

    Args:
        input_size: how many ids there are, or features of a vector.
        output_size: K.
        cell: a name of `CELLS`, such as "lstm".
        embedding_size: D.
        hidden_size: H.
        dropout: the share of h_t that is dropped in training.
        inputs: "ids" or "vectors"; of vectors, E is an affine map.

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
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, embedding_size, inputs)
        self.recurrent = CELLS[cell](embedding_size, hidden_size)
        self.readout = Readout(hidden_size, output_size, dropout)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.advance(inputs)[0]

    def advance(
        self, inputs: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        x = self.embedding(inputs)  # (B, T, D)
        h, state = self.recurrent(x, state)  # (B, T, H)
        return self.readout(h), state  # (B, T, K)


class StackedTagger(Model):
    """The tagger with a deeper or two-directional recurrent part: a `Stack`.

    x_t = E[input_t],  h_1 ... h_T = Stack(x_1 ... x_T),  y_t = V h_t + c

    Args:
        input_size, output_size, embedding_size: as in `Tagger`.
        cell, hidden_size, num_layers, bidirectional, residual, layer_norm: as
            in `Stack`.
        dropout: the share of each layer's output that is dropped in training.

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
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, embedding_size, inputs)
        self.recurrent = Stack(
            cell,
            embedding_size,
            hidden_size,
            num_layers,
            bidirectional,
            residual,
            layer_norm,
            dropout,
        )
        self.readout = Readout(self.recurrent.output_size, output_size, dropout)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        x = self.embedding(inputs)  # (B, T, D)
        h, _ = self.recurrent(x, lengths)  # (B, T, H) or (B, T, 2H)
        return self.readout(h)  # (B, T, K)

    def advance(
        self, inputs: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        x = self.embedding(inputs)  # (B, T, D)
        h, state = self.recurrent(x, state=state)  # (B, T, H)
        return self.readout(h), state  # (B, T, K)


class LookAheadTagger(Model):
    """The one-directional tagger that answers `delay` items late.

    h_t = cell(x_t, h_prev),  y_t = V h_{t + delay} + c

    After the row it reads the padding 0 `delay` times. So y_t knows the items
    up to t + delay, and there is still one direction only.

    Args:
        delay: items read before the first answer; 0 makes it the `Tagger`.
        input_size, output_size, cell, embedding_size, hidden_size, dropout: as
            in `Tagger`.

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
    ) -> None:
        super().__init__()
        self.delay = delay
        self.embedding = embedding(input_size, embedding_size, inputs)
        self.recurrent = CELLS[cell](embedding_size, hidden_size)
        self.readout = Readout(hidden_size, output_size, dropout)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        x = self.embedding(pad(inputs, 0, self.delay))  # (B, T + delay, D)
        h, _ = self.recurrent(x)  # (B, T + delay, H)
        return self.readout(h[:, self.delay :])  # (B, T, K)


class ConvTagger(Model):
    """A convolution over the items feeds the recurrent part.

    u_t = relu(sum_j C_j x_{t+j} + d)   for j = -r ... r
    r = (kernel_size - 1) / 2
    h_1 ... h_T = Stack(u_1 ... u_T),  y_t = V h_t + c

    In one direction y_t knows the items up to t + r: the receptive field of
    the convolution is the model's look-ahead. The row is padded with zeros.

    Args:
        input_size, output_size, embedding_size: as in `Tagger`.
        kernel_size: items that one filter sees, odd.
        filters: features of u_t.
        cell, hidden_size, num_layers, bidirectional: as in `Stack`.
        dropout: the share of each layer's output that is dropped in training.

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
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, embedding_size, inputs)
        self.convolution = nn.Conv1d(
            embedding_size, filters, kernel_size, padding="same"
        )
        nn.init.xavier_uniform_(self.convolution.weight)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]
        self.recurrent = Stack(
            cell,
            filters,
            hidden_size,
            num_layers,
            bidirectional,
            dropout=dropout,
        )
        self.readout = Readout(self.recurrent.output_size, output_size, dropout)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        x = self.embedding(inputs)  # (B, T, D)
        if lengths is not None:
            x = x * present(lengths, inputs.shape[1])[..., None]
        u = torch.relu(self.convolution(x.mT)).mT  # (B, T, filters)
        h, _ = self.recurrent(u, lengths)  # (B, T, H) or (B, T, 2H)
        return self.readout(h)  # (B, T, K)


class AttentionTagger(Model):
    """Self-attention over the states: each item may look at the whole row.

    h_1 ... h_T = Stack(x_1 ... x_T)
    context_t = sum_s a_ts V h_s,  y_t = W [h_t, context_t] + c

    Args:
        input_size, output_size, embedding_size: as in `Tagger`.
        attention_size: features of queries, keys and the context.
        cell, hidden_size, num_layers, bidirectional: as in `Stack`.
        dropout: the share of each layer's output that is dropped in training.

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
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, embedding_size, inputs)
        self.recurrent = Stack(
            cell,
            embedding_size,
            hidden_size,
            num_layers,
            bidirectional,
            dropout=dropout,
        )
        size = self.recurrent.output_size
        self.attention = SelfAttention(size, attention_size)
        self.readout = Readout(size + attention_size, output_size, dropout)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        x = self.embedding(inputs)  # (B, T, D)
        h, _ = self.recurrent(x, lengths)  # (B, T, H) or (B, T, 2H)
        context, _ = self.attention(h, lengths)
        return self.readout(torch.cat([h, context], dim=-1))  # (B, T, K)

    def attention_weights(
        self, inputs: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """a_ts: how much item t looks at item s, (B, T) -> (B, T, T)."""
        h, _ = self.recurrent(self.embedding(inputs), lengths)
        return self.attention(h, lengths)[1]


class WindowTagger(Model):
    """The feed-forward baseline: labels each item from those around it.

    u_t = [E[input_{t-r}], ..., E[input_{t+r}]]   with r = (window - 1) / 2
    y_t = V tanh(W u_t + b) + c

    Args:
        window: items seen at once, odd; the row is padded with 0.
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
    ) -> None:
        super().__init__()
        self.window = window
        self.embedding = embedding(input_size, embedding_size, inputs)
        self.hidden = dense(window * embedding_size, hidden_size)
        self.readout = Readout(hidden_size, output_size, dropout)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        reach = self.window // 2
        x = self.embedding(pad(inputs, reach, reach))  # (B, T + 2 reach, D)
        x = x.unfold(1, self.window, 1).transpose(2, 3)  # (B, T, window, D)
        return self.readout(torch.tanh(self.hidden(x.flatten(2))))  # (B, T, K)


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
