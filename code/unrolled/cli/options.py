"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from unrolled.budgets import Budget
from unrolled.models import Cell, Framework, Name

SIZE: dict[str, Any] = {"min": 1, "max": 4096}

Model = Annotated[Name | None, typer.Option(help="The model's name; by default the newest one.")]
CellName = Annotated[Cell | None, typer.Option(help="The recurrent cell of the basic model.")]
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
