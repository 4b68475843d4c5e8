"""The models built from PyTorch's own modules, as one would write them for speed alone."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Arguments = Mapping[str, Any]
LAYERS: dict[str, Any] = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS: dict[str, Any] = {"elman": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


def _stack(input_size: int, arguments: Arguments) -> tuple[nn.Module, int]:
    """All recurrent layers in one module, and the features of its output."""
    H, both = arguments["hidden_size"], arguments.get("bidirectional", False)
    layers = LAYERS[arguments["cell"]](
        input_size, H, arguments.get("num_layers", 1), batch_first=True, bidirectional=both
    )
    return layers, H * (2 if both else 1)


class Tagger(nn.Module):
    """The `Tagger`, the `StackedTagger` and, with a delay, the `LookAheadTagger`.

    Args:
        V, K: letters and symbols.
        arguments: of the spec.

    Shape:
        letters and targets: (B, T); logits: (B, T, K).
    """

    def __init__(self, V: int, K: int, arguments: Arguments) -> None:
        super().__init__()
        self.delay = arguments.get("delay", 0)
        self.embedding = nn.Embedding(V, arguments["embedding_size"])
        self.recurrent, features = _stack(arguments["embedding_size"], arguments)
        self.readout = nn.Linear(features, K)

    def forward(self, letters: Tensor, targets: Tensor) -> Tensor:
        if self.delay:
            letters = F.pad(letters, (0, self.delay))
        h, _ = self.recurrent(self.embedding(letters))
        logits: Tensor = self.readout(h[:, self.delay :])
        return logits


class ConvTagger(nn.Module):
    """The `ConvTagger`. Arguments and shapes as in `Tagger`."""

    def __init__(self, V: int, K: int, arguments: Arguments) -> None:
        super().__init__()
        D, filters = arguments["embedding_size"], arguments["filters"]
        self.embedding = nn.Embedding(V, D)
        self.convolution = nn.Conv1d(D, filters, arguments["kernel_size"], padding="same")
        self.recurrent, features = _stack(filters, arguments)
        self.readout = nn.Linear(features, K)

    def forward(self, letters: Tensor, targets: Tensor) -> Tensor:
        u = torch.relu(self.convolution(self.embedding(letters).transpose(1, 2)))
        logits: Tensor = self.readout(self.recurrent(u.transpose(1, 2))[0])
        return logits


class AttentionTagger(nn.Module):
    """The `AttentionTagger`. Arguments and shapes as in `Tagger`."""

    def __init__(self, V: int, K: int, arguments: Arguments) -> None:
        super().__init__()
        D, size = arguments["embedding_size"], arguments["attention_size"]
        self.embedding = nn.Embedding(V, D)
        self.recurrent, features = _stack(D, arguments)
        self.query, self.key, self.value = (nn.Linear(features, size) for _ in range(3))
        self.readout = nn.Linear(features + size, K)

    def forward(self, letters: Tensor, targets: Tensor) -> Tensor:
        h, _ = self.recurrent(self.embedding(letters))
        looks = self.query(h), self.key(h), self.value(h)
        context = F.scaled_dot_product_attention(*looks)
        logits: Tensor = self.readout(torch.cat([h, context], dim=-1))
        return logits


class WindowTagger(nn.Module):
    """The `WindowTagger`: a convolution whose filters see the window. Shapes as in `Tagger`."""

    def __init__(self, V: int, K: int, arguments: Arguments) -> None:
        super().__init__()
        H, self.window = arguments["hidden_size"], arguments["window"]
        self.embedding = nn.Embedding(V, arguments["embedding_size"])
        self.hidden = nn.Linear(self.window * arguments["embedding_size"], H)
        self.readout = nn.Linear(H, K)

    def forward(self, letters: Tensor, targets: Tensor) -> Tensor:
        reach = self.window // 2
        windows = F.pad(letters, (reach, reach)).unfold(1, self.window, 1)  # (B, T, window)
        logits: Tensor = self.readout(torch.tanh(self.hidden(self.embedding(windows).flatten(2))))
        return logits


class EncoderDecoder(nn.Module):
    """The `EncoderDecoder` by teacher forcing: without attention one call, with it a loop of cells.

    Args:
        V, K, arguments: as in `Tagger`.

    Shape:
        letters: (B, T); targets: (B, U); logits: (B, U, K).
    """

    def __init__(self, V: int, K: int, arguments: Arguments) -> None:
        super().__init__()
        D, H, size = (arguments[f"{of}_size"] for of in ("embedding", "hidden", "attention"))
        self.embedding, self.told = nn.Embedding(V, D), nn.Embedding(K, D)
        self.encoder, _ = _stack(D, {**arguments, "bidirectional": True})
        self.bridge = nn.Linear(2 * H, H)
        self.attends = arguments["attention"]
        if self.attends:
            self.query, self.score = (
                nn.Linear(n, m, bias=False) for n, m in ((H, size), (size, 1))
            )
            self.key = nn.Linear(2 * H, size)
            self.decoder = CELLS[arguments["cell"]](D + 2 * H, H)
        else:
            self.decoder = LAYERS[arguments["cell"]](D + 2 * H, H, batch_first=True)
        self.readout = nn.Linear(3 * H, K)

    def forward(self, letters: Tensor, targets: Tensor) -> Tensor:
        p = self.told(F.pad(targets[:, :-1].clamp(min=0), (1, 0)))  # (B, U, D)
        h, _ = self.encoder(self.embedding(letters))  # (B, T, 2H)
        f, b = h.chunk(2, dim=-1)
        m = torch.cat([f[:, -1], b[:, 0]], dim=-1)
        s = torch.tanh(self.bridge(m))
        features = self._look(p, h, s) if self.attends else self._repeat(p, m, s)
        logits: Tensor = self.readout(features)
        return logits

    def _repeat(self, p: Tensor, m: Tensor, s: Tensor) -> Tensor:
        c = m[:, None].expand(-1, p.shape[1], -1)  # (B, U, 2H)
        start = (s[None], torch.zeros_like(s[None])) if self.decoder.mode == "LSTM" else s[None]
        states, _ = self.decoder(torch.cat([p, c], dim=-1), start)
        return torch.cat([states, c], dim=-1)

    def _look(self, p: Tensor, h: Tensor, s: Tensor) -> Tensor:
        keys, lstm, features = self.key(h), isinstance(self.decoder, nn.LSTMCell), []
        state: Any = (s, torch.zeros_like(s)) if lstm else s
        for p_u in p.unbind(dim=1):
            s = state[0] if lstm else state
            a = self.score(torch.tanh(self.query(s)[:, None] + keys)).softmax(dim=1)  # (B, T, 1)
            c = torch.bmm(a.transpose(1, 2), h)[:, 0]  # (B, 2H)
            state = self.decoder(torch.cat([p_u, c], dim=-1), state)
            features.append(torch.cat([state[0] if lstm else state, c], dim=-1))
        return torch.stack(features, dim=1)


KINDS: dict[str, Callable[[int, int, Arguments], nn.Module]] = {
    "Tagger": Tagger,
    "StackedTagger": Tagger,
    "LookAheadTagger": Tagger,
    "ConvTagger": ConvTagger,
    "AttentionTagger": AttentionTagger,
    "WindowTagger": WindowTagger,
    "EncoderDecoder": EncoderDecoder,
}
