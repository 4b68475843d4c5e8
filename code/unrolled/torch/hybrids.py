"""Two hybrids in PyTorch: an LSTM whose matrices are convolutions, and a reader trained by CTC."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.taggers import StackedTagger
from unrolled.torch.training import Trainer

BLANK = 0  # where phonemes have the end symbol, which CTC does not need


class ConvLSTM(nn.Module):
    """The LSTM over pictures: every matrix product is a convolution (Shi and others 2015).

    [i, f, g, o] = W * x_t + U * h_{t-1} + b
    c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),   h_t = sigmoid(o) tanh(c_t)

    As in Keras, the gates do not look at c; the paper's do. Beyond the edge stand zeros.

    Args:
        channels: of a picture, D.
        filters: channels of the state, H.
        kernel_size: height and width of a filter, odd.

    Shape:
        x: (B, T, D, height, width); outputs: (B, T, H, height, width).
    """

    def __init__(self, channels: int, filters: int, kernel_size: int) -> None:
        super().__init__()
        self.filters = filters
        self.input = nn.Conv2d(channels, 4 * filters, kernel_size, padding="same")
        self.state = nn.Conv2d(filters, 4 * filters, kernel_size, padding="same", bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = c = x.new_zeros(len(x), self.filters, *x.shape[-2:])  # (B, H, height, width)
        outputs = []
        for x_t in x.unbind(dim=1):
            i, f, g, o = (self.input(x_t) + self.state(h)).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs, dim=1)


class CTCReader(StackedTagger):
    """Reads a word in both directions and says some frames at each letter: phonemes or blanks.

    Args:
        num_letters: size of the letter vocabulary.
        num_symbols: phonemes and the blank, whose id is 0, K.
        frames: frames of a letter; the word has to have enough for its phonemes.
        arguments: of `StackedTagger`.

    Shape:
        letters: (B, T) integers; logits: (B, frames T, K).
    """

    writes: ClassVar[str] = "phonemes"

    def __init__(
        self, num_letters: int, num_symbols: int, frames: int = 2, **arguments: Any
    ) -> None:
        super().__init__(num_letters, frames * num_symbols, bidirectional=True, **arguments)
        self.num_symbols = num_symbols

    def forward(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        y = super().forward(letters, lengths)  # (B, T, frames K)
        return y.reshape(len(y), -1, self.num_symbols)

    def read(self, letters: Tensor) -> Tensor:
        """The best path, merged and without its blanks; 0 after the end. Shape: (B, frames T)."""
        path = self(letters).argmax(dim=-1)  # (B, F)
        before = F.pad(path[:, :-1], (1, 0), value=BLANK)
        kept = (path != BLANK) & (path != before)
        place = torch.arange(path.shape[1]) + path.shape[1] * ~kept  # what is kept comes first
        order = place.argsort(dim=1)
        return path.masked_fill(~kept, BLANK).gather(1, order)


class CTCTrainer(Trainer):
    """Trains a `CTCReader`: the loss adds up all alignments of the phonemes with the frames."""

    def _loss(self, letters: Tensor, targets: Tensor) -> Tensor:
        log_p = self.model(letters).log_softmax(dim=-1).transpose(0, 1)  # (F, B, K)
        frames = torch.full((len(letters),), len(log_p))
        counts = (targets > BLANK).sum(dim=1)  # without the end symbol
        labels = targets.clamp(min=0)
        each = F.ctc_loss(log_p, labels, frames, counts, BLANK, "none", zero_infinity=True)
        return each.mean()
