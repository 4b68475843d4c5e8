"""The command line: `unrolled train`, `evaluate`, `pronounce`, `export`, `data`, `bench`...

Exit status: 0 done; 1 a mistake in this package; 2 a mistake of the user's; 130 stopped by Ctrl-C,
143 by SIGTERM.
What is wrong stands in one line on standard error. With `--json`, standard output holds one JSON
object: the result, or `{"error": "what is wrong"}`.

Importing this package imports no framework.
"""

import errno
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

import unrolled
from unrolled.cli import bench, experiments, export, options, output, train
from unrolled.cli.pronunciation import data, evaluate, pronounce, score
from unrolled.errors import Notice, UserError

app = typer.Typer(
    help="Recurrent networks from equations to running code: from letters to sounds.",
    epilog=output.examples(
        "unrolled train --model basic", "unrolled evaluate", "unrolled pronounce knuth hate"
    ),
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(epilog=output.examples(*train.EXAMPLES, **options.NAMES))(train.train)
app.command(epilog=output.examples(*evaluate.EXAMPLES, **options.NAMES))(evaluate.evaluate)
app.command(epilog=output.examples(*score.EXAMPLES))(score.score)
app.command(epilog=output.examples(*pronounce.EXAMPLES, **options.NAMES))(pronounce.pronounce)
app.command(epilog=output.examples(*export.EXAMPLES, **options.NAMES))(export.export)
app.command(epilog=output.examples(*data.EXAMPLES))(data.data)
app.command(epilog=output.examples(*bench.EXAMPLES))(bench.bench)
app.add_typer(experiments.app, name="experiments")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"unrolled {unrolled.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    pass


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. A bug in this package is raised.

    Args:
        args: the words after `unrolled`; None: those of the process.
    """
    args = list(sys.argv[1:] if args is None else args) or ["--help"]
    as_json = "--json" in args
    with warnings.catch_warnings(), output.stopped_by_sigterm() as interrupted:
        warnings.simplefilter("always", Notice)
        warnings.showwarning = output.show_warning(warnings.showwarning)
        output.use_any_encoding()
        try:
            command = typer.main.get_command(app)
            status = command.main(args, prog_name="unrolled", standalone_mode=False) or 0
            sys.stdout.flush()
            return output.fail("stopped", interrupted(), as_json) if status == 130 else int(status)
        except TyperException as error:
            return output.fail(error.format_message() or "no command is named", 2, as_json)
        except UserError as error:
            return output.fail(str(error), 2, as_json)
        except output.Stopped as stopped:
            return output.fail(str(stopped), interrupted(), as_json)
        except SystemExit:  # by which a closed pipe is answered
            return output.lost(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))
        except Exception as error:
            if output.is_lost(error):
                return output.lost(error)
            output.fail(f"{type(error).__name__}: {error}", 1, as_json)
            error.add_note(output.mistake())
            raise
