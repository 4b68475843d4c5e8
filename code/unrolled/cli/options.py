"""The options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unrolled.budgets import Budget
from unrolled.cells import CELLS
from unrolled.models import Framework, Name

if TYPE_CHECKING:
    Cell = str
else:
    Cell = Literal[tuple(CELLS)]  # from which Typer takes the choices

SIZE: dict[str, Any] = {"min": 1, "max": 4096}

Model = Annotated[Name | None, typer.Option(help="The model's name; by default the newest one.")]
CellName = Annotated[Cell | None, typer.Option(help="The recurrent cell.")]
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
    typer.Option(help="Where to run; weights trained in the other framework are carried across."),
]
Checkpoint = Annotated[
    Path | None, typer.Option(help="The trained model; by default one in the folder models.")
]
TrainFile = Annotated[
    Path | None,
    typer.Option("--train", help="Training words, a file of lines word<TAB>phonemes."),
]
ValidFile = Annotated[
    Path | None, typer.Option("--valid", help="Validation words; by default a tenth of --train.")
]
TestFile = Annotated[
    Path | None, typer.Option("--test", help="Test words; by default a tenth of --train.")
]
Stress = Annotated[
    bool, typer.Option("--stress", help="Keep the digits of stress in the CMU dictionary.")
]
HowLong = Annotated[
    Budget | None, typer.Option("--budget", help="By default UNROLLED_BUDGET, else live.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
