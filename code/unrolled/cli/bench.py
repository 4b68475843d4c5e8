"""`unrolled bench`."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from unrolled import models
from unrolled.cli import options, output

EXAMPLES = (
    "unrolled bench",
    "unrolled bench elman stacked-bidirectional --real --threads 2",
    "unrolled bench --budget smoke --json",
)
# `unrolled.bench.MODELS`, without its frameworks
NAMES = (*models.FUSED, *(name for name in models.NAMED if name != "basic"))


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(help=f"What to measure: {', '.join(NAMES)}; by default all."),
    ] = None,
    budget: options.HowLong = None,
    hidden_size: Annotated[
        int | None, typer.Option(**options.SIZE, help="Hidden units, H.")
    ] = None,
    embedding_size: Annotated[
        int | None, typer.Option(**options.SIZE, help="Letter features, D.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Words in a step.")] = None,
    length: Annotated[int | None, typer.Option(min=1, help="Letters of each word.")] = None,
    real: Annotated[bool, typer.Option("--real", help="Words of the dictionary instead.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Of both frameworks.")] = None,
    as_json: options.Json = False,
) -> None:
    """Measure training in letters per second, against bare PyTorch and against the arithmetic."""
    for framework in models.FRAMEWORKS:
        models.versions(framework)
    from unrolled import bench as measure

    wanted = {
        "hidden_size": hidden_size,
        "embedding_size": embedding_size,
        "batch_size": batch_size,
        "length": length,
        "threads": threads,
    }
    given: dict[str, Any] = {key: value for key, value in wanted.items() if value is not None}
    setting = measure.Setting(real=real, **given)
    rows = measure.run(names or tuple(measure.MODELS), setting, budget, tell=output.note)
    if as_json:
        output.emit({"targets": measure.TARGETS, "rows": [asdict(row) for row in rows]})
    else:
        output.console(markup=True).print(measure.table(rows), soft_wrap=False)
