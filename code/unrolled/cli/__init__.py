"""The command line: `unrolled train`, `evaluate`, `pronounce`, `export`, `data`, `bench`...

Exit status: 0 done; 1 a bug in this package; 2 a mistake of the user's; 130 stopped by Ctrl-C.
An error is one line on standard error. With `--json`, standard output holds one JSON object: the
result, or `{"error": "what is wrong"}`.

Importing this package imports no framework.
"""

import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

import unrolled
from unrolled.cli import bench, experiments, export, output, train
from unrolled.cli.pronunciation import data, evaluate, pronounce
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
app.command(epilog=output.examples(*train.EXAMPLES))(train.train)
app.command(epilog=output.examples(*evaluate.EXAMPLES))(evaluate.evaluate)
app.command(epilog=output.examples(*pronounce.EXAMPLES))(pronounce.pronounce)
app.command(epilog=output.examples(*export.EXAMPLES))(export.export)
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
    with warnings.catch_warnings():
        warnings.simplefilter("always", Notice)
        warnings.showwarning = output.show_warning(warnings.showwarning)
        output.use_any_encoding()
        try:
            command = typer.main.get_command(app)
            status = command.main(args, prog_name="unrolled", standalone_mode=False) or 0
            return output.fail("stopped", 130, as_json) if status == 130 else int(status)
        except TyperException as error:
            return output.fail(error.format_message() or "no command is named", 2, as_json)
        except UserError as error:
            return output.fail(str(error), 2, as_json)
        except output.Stopped as stopped:
            return output.fail(str(stopped), 130, as_json)
        except Exception as error:
            output.fail(f"{type(error).__name__}: {error}", 1, as_json)
            error.add_note(output.mistake())
            raise
