"""`unrolled experiments`: the recorded runs behind the pages."""

from pathlib import Path
from typing import Annotated

import typer

from unrolled.cli import options, output

EXAMPLES = ("unrolled experiments run basic", "unrolled experiments show basic")
app = typer.Typer(help="Work through the recorded runs, or show them.", no_args_is_help=True)
Suite = Annotated[str, typer.Argument(help="The suite of runs.")]


@app.command(epilog=output.examples(EXAMPLES[0]))
def run(
    suite: Suite = "basic",
    folder: Annotated[Path, typer.Option(help="Where unfinished runs are kept.")] = Path(
        ".cache/experiments"
    ),
) -> None:
    """Do every run that is not recorded yet, and record it.

    It may be stopped at any moment: the same command goes on from there.
    """
    from unrolled.experiments import runner

    console = output.console(stderr=True)
    try:
        for row in runner.work(suite, folder, console):
            rates = row.get("test", row["valid"])
            console.print(f"{row['run']}  PER {rates['per']:.4f}  WER {rates['wer']:.4f}  recorded")
    except KeyboardInterrupt:
        raise output.Stopped("stopped; the same command goes on from there") from None


@app.command(epilog=output.examples(EXAMPLES[1]))
def show(suite: Suite = "basic", as_json: options.Json = False) -> None:
    """Print what is recorded, rates in percent."""
    from unrolled.experiments import store
    from unrolled.experiments import suite as suites

    wanted = suites.named(suite)
    table = store.table(suite)
    if as_json:
        output.emit({"suite": suite, "runs": len(wanted), "recorded": store.rows(suite)})
        return
    output.console().print(f"{len(table)} of {len(wanted)} runs of {suite} are recorded")
    if len(table):
        output.console().print(table.round(2).to_string(index=False))
