"""Two hybrids in PyTorch: a convolutional LSTM, and a reader for CTC."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.tasks.task import Kind
from unrolled.torch.losses import BLANK
from unrolled.torch.taggers import StackedTagger


class ConvLSTM(nn.Module):
    """The LSTM over pictures: every matrix product is a convolution.

    [i, f, g, o] = W * x_t + U * h_{t-1} + b
    c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),   h_t = sigmoid(o) tanh(c_t)

    As in Keras, the gates do not look at c; the paper's do. Pictures are padded
    with zeros.

    Args:
        channels: of a picture, D.
        filters: channels of the state, H.
        kernel_size: height and width of a filter, odd.

    Shape:
        x: (B, T, D, height, width); outputs: (B, T, H, height, width).

    Source: Shi and others 2015.
    """

    def __init__(self, channels: int, filters: int, kernel_size: int) -> None:
        super().__init__()
        self.filters = filters
        self.input = nn.Conv2d(
            channels, 4 * filters, kernel_size, padding="same"
        )
        self.state = nn.Conv2d(
            filters, 4 * filters, kernel_size, padding="same", bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        # (B, H, height, width)
        h = c = x.new_zeros(len(x), self.filters, *x.shape[-2:])
        outputs = []
        for x_t in x.unbind(dim=1):
            i, f, g, o = (self.input(x_t) + self.state(h)).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs, dim=1)


class CTCReader(StackedTagger):
    """Reads a row in both directions and gives each item frames for CTC.

    Args:
        input_size: how many ids there are.
        output_size: symbols and the blank, whose id is 0, K.
        frames: frames of an item, each a symbol or a blank; a row needs enough
            of them for its symbols.
        arguments: of `StackedTagger`.

    Shape:
        inputs: (B, T) ids; logits: (B, frames T, K).
    """

    answer: ClassVar[Kind] = "unaligned"

    def __init__(
        self,
        input_size: int,
        output_size: int,
        frames: int = 2,
        **arguments: Any,
    ) -> None:
        super().__init__(
            input_size, frames * output_size, bidirectional=True, **arguments
        )
        self.num_symbols = output_size

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        y = super().forward(inputs, lengths)  # (B, T, frames K)
        return y.reshape(len(y), -1, self.num_symbols)

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The best path, merged and without blanks; 0 after the end.

        Shape: returns (B, frames T).
        """
        path = self(inputs, lengths).argmax(dim=-1)  # (B, F)
        before = F.pad(path[:, :-1], (1, 0), value=BLANK)
        kept = (path != BLANK) & (path != before)
        place = torch.arange(path.shape[1]) + path.shape[1] * ~kept
        order = place.argsort(dim=1)  # what is kept comes first
        return path.masked_fill(~kept, BLANK).gather(1, order)
