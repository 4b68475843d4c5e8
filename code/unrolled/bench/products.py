"""The affine maps of every kind of model, as `unrolled.bench.arithmetic` counts and runs them.

Each function takes B, T and U, the numbers of words in a batch, of letters and of targets in a word
(for a tagger U = T), K symbols and the arguments of the spec.
"""

from collections.abc import Callable, Mapping
from typing import Any

from unrolled.bench.arithmetic import Product, linear, recurrent
from unrolled.torch.cells import CELLS

Arguments = Mapping[str, Any]
Products = Callable[[int, int, int, int, Arguments], list[Product]]


def _stack(B: int, T: int, inputs: int, arguments: Arguments) -> list[Product]:
    """All layers and directions of a recurrent part."""
    H, gates = arguments["hidden_size"], len(CELLS[arguments["cell"]].gates)
    directions = 2 if arguments.get("bidirectional") else 1
    products = []
    for layer in range(arguments.get("num_layers", 1)):
        below = directions * H if layer else inputs
        products += directions * recurrent(B, T, below, H, gates)
    return products


def _features(arguments: Arguments) -> int:
    """The number of features of the states after `_stack`."""
    H: int = arguments["hidden_size"]
    return 2 * H if arguments.get("bidirectional") else H


def tagger(B: int, T: int, U: int, K: int, arguments: Arguments) -> list[Product]:
    """The maps of the `Tagger`, the `StackedTagger` and the `LookAheadTagger`."""
    steps = T + arguments.get("delay", 0)
    below = _stack(B, steps, arguments["embedding_size"], arguments)
    return [*below, *linear(B, T, _features(arguments), K)]


def conv(B: int, T: int, U: int, K: int, arguments: Arguments) -> list[Product]:
    """The maps of the `ConvTagger`: a filter is an affine map of the letters that it sees."""
    D, filters = arguments["embedding_size"], arguments["filters"]
    return [
        *linear(B, T, arguments["kernel_size"] * D, filters),
        *_stack(B, T, filters, arguments),
        *linear(B, T, _features(arguments), K),
    ]


def attention(B: int, T: int, U: int, K: int, arguments: Arguments) -> list[Product]:
    """The maps of the `AttentionTagger`."""
    size = arguments["attention_size"]
    return [
        *_stack(B, T, arguments["embedding_size"], arguments),
        *3 * linear(B, T, _features(arguments), size),
        Product(T, size, T, batch=B),
        Product(T, T, size, batch=B),
        *linear(B, T, _features(arguments) + size, K),
    ]


def window(B: int, T: int, U: int, K: int, arguments: Arguments) -> list[Product]:
    """The maps of the `WindowTagger`."""
    H = arguments["hidden_size"]
    seen = arguments["window"] * arguments["embedding_size"]
    return [*linear(B, T, seen, H), *linear(B, T, H, K)]


def _encoder_decoder(B: int, T: int, U: int, K: int, arguments: Arguments) -> list[Product]:
    """The maps of the `EncoderDecoder`. With attention the context waits for the state."""
    D, H, size = (arguments[f"{of}_size"] for of in ("embedding", "hidden", "attention"))
    gates = len(CELLS[arguments["cell"]].gates)
    read = [*_stack(B, T, D, {**arguments, "bidirectional": True}), *linear(B, 1, 2 * H, H)]
    if not arguments["attention"]:
        return [*read, *recurrent(B, U, D + 2 * H, H, gates), *linear(B, U, 3 * H, K)]
    return [
        *read,
        *linear(B, T, 2 * H, size),
        Product(B, H, size, steps=U),
        Product(B * T, size, 1, steps=U),
        Product(1, T, 2 * H, steps=U, batch=B),
        Product(B, D + 2 * H, gates * H, steps=U),
        Product(B, H, gates * H, steps=U),
        *linear(B, U, 3 * H, K),
    ]


KINDS: dict[str, Products] = {
    "Tagger": tagger,
    "StackedTagger": tagger,
    "LookAheadTagger": tagger,
    "ConvTagger": conv,
    "AttentionTagger": attention,
    "WindowTagger": window,
    "EncoderDecoder": _encoder_decoder,
}
