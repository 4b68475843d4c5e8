"""`unrolled export`: a trained model for the explorer in the page."""

from pathlib import Path
from typing import Annotated, Any

import typer

from unrolled.cli import options, output

EXAMPLES = (
    "unrolled export",
    "unrolled export --model bidirectional --cell lstm --out bidirectional.safetensors",
)


def export(
    model: options.Model = None,
    cell: options.CellName = None,
    checkpoint: options.Checkpoint = None,
    out: Annotated[
        Path | None, typer.Option(help="The file; by default MODEL-CELL.safetensors, here.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write a trained tagger for the explorer: in half precision, without its history.

    The page runs basic, stacked, bidirectional and attention models with the cells elman and lstm.
    """
    from unrolled.files import atomic_write, refuse_clashes
    from unrolled.models import saved
    from unrolled.models.export import pack
    from unrolled.training.checkpoints import Checkpoint

    path = checkpoint or saved.find(model, cell, "pytorch")
    trained = saved.load(path, model, cell, "pytorch")
    packed = pack(Checkpoint(trained.predictor.weights(), dict(trained.facts)))
    spec = trained.facts["model"]
    target = Path(f"{spec['name']}-{spec['arguments']['cell']}.safetensors") if out is None else out
    refuse_clashes({"--out": target}, {"--checkpoint": path})
    with atomic_write(target) as file:
        file.write(packed)
    result: dict[str, Any] = {
        "model": spec["name"],
        **spec["arguments"],
        "checkpoint": str(path),
        "trained_in": trained.facts["framework"],
        "out": str(target),
        "bytes": len(packed),
    }
    if as_json:
        output.emit(result)
        return
    console = output.console()
    console.print(f"{target}  {len(packed):,} bytes, in half precision")
    console.print(f"checkpoint  {path}, trained in {trained.facts['framework']}")
