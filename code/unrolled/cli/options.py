"""The options that several commands share, one by one and in groups.

A group is a dataclass whose fields are options. A command that takes one is `spread`: for Typer
each field is an option of its own.
"""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unrolled.budgets import Budget
from unrolled.cells import CELLS
from unrolled.models import NAMED, Framework, Name

if TYPE_CHECKING:
    Cell = str
else:
    Cell = Literal[tuple(CELLS)]  # from which Typer takes the choices

NAMES = {"models": tuple(NAMED), "cells": tuple(CELLS)}
SIZE: dict[str, Any] = {"min": 1, "max": 4096}

Model = Annotated[
    Name | None, typer.Option(metavar="NAME", help="The model; by default the newest one.")
]
CellName = Annotated[Cell | None, typer.Option(metavar="NAME", help="The recurrent cell.")]
NumLayers = Annotated[int | None, typer.Option(help="Recurrent layers of a stacked model, L.")]
Delay = Annotated[int | None, typer.Option(help="Letters that look-ahead waits for.")]
KernelSize = Annotated[int | None, typer.Option(help="Letters that a filter of conv sees, odd.")]
Filters = Annotated[int | None, typer.Option(help="Features that conv finds.")]
AttentionSize = Annotated[int | None, typer.Option(help="Features of queries and keys.")]
Window = Annotated[int | None, typer.Option(help="Letters that window sees, odd.")]
Residual = Annotated[
    bool | None, typer.Option("--residual", help="Add a layer's input to its output.")
]
LayerNorm = Annotated[
    bool | None, typer.Option("--layer-norm", help="Normalise each layer's output.")
]
Dropout = Annotated[
    float | None, typer.Option(help="Share of a layer's output that is dropped in training.")
]
RunIn = Annotated[
    Framework | None,
    typer.Option(
        metavar="NAME",
        help="Where to run, pytorch or keras; weights of the other one are carried across.",
    ),
]
Checkpoint = Annotated[
    Path | None, typer.Option(help="The trained model; by default one in the folder models.")
]
HowLong = Annotated[
    Budget | None,
    typer.Option(
        "--budget",
        metavar="NAME",
        help="smoke, live or full; by default UNROLLED_BUDGET, else live.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@dataclass(frozen=True)
class Group:
    """A group of options; those not given are None."""

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Architecture(Group):
    """How to build a model: the arguments of all `models.NAMED` together."""

    cell: CellName = None
    hidden_size: Annotated[int | None, typer.Option(**SIZE, help="Hidden units, H.")] = None
    embedding_size: Annotated[int | None, typer.Option(**SIZE, help="Features of a letter, D.")] = (
        None
    )
    num_layers: NumLayers = None
    residual: Residual = None
    layer_norm: LayerNorm = None
    delay: Delay = None
    kernel_size: KernelSize = None
    filters: Filters = None
    attention_size: AttentionSize = None
    window: Window = None
    dropout: Dropout = None


@dataclass(frozen=True)
class Training(Group):
    """The fields of a `training.Recipe` that can be chosen."""

    epochs: Annotated[int | None, typer.Option(min=1, help="Times through the words.")] = None
    batch_size: Annotated[int | None, typer.Option(min=1, help="Words in a step.")] = None
    learning_rate: Annotated[float | None, typer.Option(help="The highest one.")] = None
    weight_decay: Annotated[
        float | None, typer.Option(help="Share of a weight that a step takes, times the rate.")
    ] = None
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of the target's probability spread over all.")
    ] = None
    consistency: Annotated[
        float | None,
        typer.Option(help="Weight of the difference between two readings under dropout."),
    ] = None
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides all chance.")] = 0


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """A command with single options, made from one whose parameters may be groups of options."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Group]] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if not (isinstance(parameter.annotation, type) and issubclass(parameter.annotation, Group)):
            parameters.append(parameter)
            continue
        groups[parameter.name] = parameter.annotation
        parameters += [
            inspect.Parameter(
                field.name, parameter.kind, default=field.default, annotation=field.type
            )
            for field in fields(parameter.annotation)
        ]

    def spread_out(**options: Any) -> None:
        made = {
            name: kind(**{field.name: options.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        command(**options, **made)

    spread_out.__doc__, spread_out.__name__ = command.__doc__, command.__name__
    spread_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return spread_out
