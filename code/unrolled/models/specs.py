"""The models by name. Importing this module imports no framework."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from unrolled.cells import CELLS, SPEAKING
from unrolled.errors import UserError

Kind = Literal["labels", "sequence"]  # what a named model answers with
Framework = Literal["pytorch", "keras"]
Name = Literal[
    "basic",
    "stacked",
    "bidirectional",
    "stacked-bidirectional",
    "look-ahead",
    "conv",
    "conv-bidirectional",
    "attention",
    "attention-bidirectional",
    "encoder-decoder",
    "encoder-decoder-attention",
    "window",
]
FRAMEWORKS: tuple[str, ...] = get_args(Framework)


@dataclass(frozen=True)
class Spec:
    """A model, described without a framework.

    Args:
        name: its name on the command line.
        kind: its class name, the same in every framework.
        arguments: of the class, besides the sizes of its inputs and outputs.
        answer: "labels", one for each item, or a "sequence".

    Raises:
        UserError: the value of an argument is invalid.
    """

    name: str
    kind: str
    arguments: dict[str, Any]
    answer: Kind = "labels"

    def __post_init__(self) -> None:
        for key, value in self.arguments.items():
            if must := _fault(key, value, self.cells):
                raise UserError(
                    f"{key.replace('_', ' ')} of the {self.name} model is {value}; it must {must}"
                )

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells that it may use."""
        if "cell" not in self.arguments:
            return ()
        return SPEAKING if self.answer == "sequence" else tuple(CELLS)


# The lowest and the highest value of an argument that is a whole number.
LIMITS = {
    **dict.fromkeys(
        (
            "embedding_size",
            "hidden_size",
            "filters",
            "attention_size",
            "tag_size",
            "decoder_size",
        ),
        (1, 4096),
    ),
    "num_layers": (1, 64),
    "delay": (0, 64),
    "kernel_size": (1, 63),
    "window": (1, 63),
}
FLAGS = ("bidirectional", "residual", "layer_norm", "attention")
ODD = ("kernel_size", "window")  # as many items before the middle one as after it


def _fault(key: str, value: Any, cells: tuple[str, ...]) -> str | None:
    """What an invalid value of an argument must be instead; None for a valid one."""
    if key in LIMITS:
        low, high = LIMITS[key]
        if type(value) is not int or not low <= value <= high:
            return f"be a whole number from {low} to {high}"
        if key in ODD and value % 2 == 0:
            return "be odd"
    elif key == "dropout" and not (isinstance(value, int | float) and 0 <= value < 1):
        return "be at least 0 and less than 1"
    elif key == "cell" and value not in cells:
        return f"be {', '.join(cells[:-1])} or {cells[-1]}"
    elif key in FLAGS and not isinstance(value, bool):
        return "be true or false"
    return None


SIZES: dict[str, Any] = {"embedding_size": 32, "hidden_size": 128}
DROPOUT: dict[str, Any] = {"dropout": 0.0}
BOTH: dict[str, Any] = {"bidirectional": True}
LSTM: dict[str, Any] = {"cell": "lstm", **SIZES}
WIDE: dict[str, Any] = {**LSTM, **BOTH, **DROPOUT}  # both directions
DEEP: dict[str, Any] = {**LSTM, "residual": False, "layer_norm": False, **DROPOUT}
CONVOLUTION: dict[str, Any] = {"kernel_size": 5, "filters": 64}
ATTENTION: dict[str, Any] = {"attention_size": 64}
SPEAKS: dict[str, Any] = {**ATTENTION, **LSTM, **DROPOUT}
NAMED: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec("basic", "Tagger", {"cell": "elman", **SIZES, **DROPOUT}),
        Spec("stacked", "StackedTagger", {"num_layers": 3, **DEEP}),
        Spec("bidirectional", "StackedTagger", WIDE),
        Spec("stacked-bidirectional", "StackedTagger", {"num_layers": 2, **DEEP, **BOTH}),
        Spec("look-ahead", "LookAheadTagger", {"delay": 3, **LSTM, **DROPOUT}),
        Spec("conv", "ConvTagger", {**CONVOLUTION, **LSTM, **DROPOUT}),
        Spec("conv-bidirectional", "ConvTagger", {**CONVOLUTION, **WIDE}),
        Spec("attention", "AttentionTagger", {**ATTENTION, **LSTM, **DROPOUT}),
        Spec("attention-bidirectional", "AttentionTagger", {**ATTENTION, **WIDE}),
        Spec("encoder-decoder", "EncoderDecoder", {"attention": False, **SPEAKS}, "sequence"),
        Spec(
            "encoder-decoder-attention", "EncoderDecoder", {"attention": True, **SPEAKS}, "sequence"
        ),
        Spec("window", "WindowTagger", {"window": 5, **SIZES, **DROPOUT}),
    )
}


def spec(name: str, **arguments: Any) -> Spec:
    """A named model with some arguments replaced; None leaves an argument unchanged.

    Raises:
        UserError: the model has no such argument, or its value is invalid.
    """
    return changed(NAMED[name], **arguments)


def changed(known: Spec, **arguments: Any) -> Spec:
    """A model with some arguments replaced, as in `spec`.

    Raises:
        UserError: the model has no such argument, or its value is invalid.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    for key in given.keys() - known.arguments.keys():
        raise UserError(f"the {known.name} model has no {key.replace('_', ' ')}; leave it out")
    return replace(known, arguments={**known.arguments, **given})
