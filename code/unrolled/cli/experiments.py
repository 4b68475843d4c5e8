"""`unrolled experiments`: the recorded runs behind the pages."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from unrolled.cli import options, output
from unrolled.errors import UserError

EXAMPLES = (
    "unrolled experiments run",
    "unrolled experiments run basic",
    "unrolled experiments show",
    "unrolled experiments show matched --runs",
)
app = typer.Typer(help="Work through the recorded runs, or show them.", no_args_is_help=True)
Suite = Annotated[str | None, typer.Argument(help="The suite of runs; without it, all of them.")]


@app.command(epilog=output.examples(*EXAMPLES[:2]))
def run(
    suite: Suite = None,
    folder: Annotated[Path, typer.Option(help="Where unfinished runs are kept.")] = Path(
        ".cache/experiments"
    ),
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Hand the runs to a Ray cluster: HOST:PORT of its head, as `ray start --head` "
            "prints it. This machine must be one of the cluster, and each needs this version of "
            "the package, and Ray.",
        ),
    ] = None,
) -> None:
    """Do every run that is not recorded yet, and record it.

    It may be stopped at any moment: the same command resumes from there.
    """
    from unrolled.experiments import cluster, runner, trials

    console, done = output.console(stderr=True), 0
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Ray prints to stdout when a machine is lost
            for name in _names(suite):
                if name in trials.SUITES:
                    rows = trials.work(name, folder, console)
                elif ray is None:
                    rows = runner.work(name, folder, console)
                else:
                    rows = cluster.work(name, folder, ray, console)
                tell = trials.tell if name in trials.SUITES else runner.tell
                for row in rows:
                    console.print(f"{tell(row)}  recorded")
                    done += 1
    except KeyboardInterrupt:
        raise output.Stopped("stopped; the same command goes on from there") from None
    if not done:
        console.print("no run was left to do")


def _names(suite: str | None) -> list[str]:
    """The named suite, or all of them."""
    from unrolled.experiments import suite as suites
    from unrolled.experiments import trials

    names = [*suites.SUITES, *trials.SUITES]
    if suite not in (None, *names):
        raise UserError(f"no suite is called {suite!r}; there are {', '.join(names)}")
    return names if suite is None else [suite]


@app.command(epilog=output.examples(*EXAMPLES[2:]))
def show(
    suite: Suite = None,
    runs: Annotated[bool, typer.Option("--runs", help="Print every run by itself.")] = False,
    as_json: options.Json = False,
) -> None:
    """Print the recorded results, error rates in percent.

    A row is a model in a framework with the mean of its runs; low and high are the ends of the 95 %
    confidence interval of WER over seeds and words.
    """
    from unrolled.experiments import statistics, store, trials
    from unrolled.experiments import suite as suites

    names = _names(suite)
    wanted = {name: len(suites.runs_of(name)) for name in names if name not in trials.SUITES}
    if as_json:
        by_suite = {n: {"runs": wanted.get(n), "recorded": store.rows(n)} for n in names}
        output.emit({"suites": by_suite} if suite is None else {"suite": suite, **by_suite[suite]})
        return
    console = output.console()
    for name in names:
        recorded = len(store.rows(name))
        if name in trials.SUITES:
            console.print(f"{recorded} trials of {name} are recorded")
            console.print("\n".join(map(trials.tell, store.rows(name))), highlight=False)
            continue
        console.print(f"{recorded} of {wanted[name]} runs of {name} are recorded")
        if recorded:
            table = store.table(name) if runs else statistics.summary(name)
            shown = table.round(2).to_string(index=False, na_rep="", line_width=None)
            console.print(shown, soft_wrap=True, highlight=False)
