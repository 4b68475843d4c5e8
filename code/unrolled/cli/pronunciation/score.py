"""`unrolled score`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import Case
from unrolled.errors import UserError, shown

if TYPE_CHECKING:
    from unrolled.tasks.pronunciation.word_lists import WordList

EXAMPLES = (
    "unrolled score --predictions said.tsv --test words.tsv",
    "unrolled score --predictions said.tsv --test words.tsv --json",
)


def score(
    predictions: Annotated[
        Path, typer.Option(help="What some program has read, lines word<TAB>phonemes.")
    ],
    test: Annotated[Path, typer.Option(help="The right answers, lines word<TAB>phonemes.")],
    case: Case = None,
    as_json: options.Json = False,
) -> None:
    """Score predictions of any origin: phoneme and word error rate, as `evaluate` has them.

    A word without a prediction counts as read in silence. Of several predictions of a word the
    first one counts, and those of words that are not asked for do not; all three are counted.
    """
    from unrolled.tasks import pronunciation

    references = _read(test, case).words
    entries = _read(predictions, case, silence=True).entries
    first: dict[str, tuple[str, ...]] = {}
    for word, phonemes in entries:
        first.setdefault(word, phonemes)
    if references.keys().isdisjoint(first):
        raise UserError(f"{predictions} and {test} share no word, such as {_some(references)}")
    numbers = pronunciation.score(first, references)
    notes = {
        "missing": len(references.keys() - first.keys()),
        "repeated": len(entries) - len(first),
        "not_asked_for": len(first.keys() - references.keys()),
    }
    if as_json:
        files = {"predictions": str(predictions), "test": str(test)}
        output.emit({**files, **numbers.facts, **notes})
        return
    console = output.console()
    console.print("\n".join(numbers.lines()))
    for name, count in notes.items():
        if count:
            console.print(f"{name.replace('_', ' '):14} {count:,}")


def _read(path: Path, case: Case, *, silence: bool = False) -> "WordList":
    from unrolled.tasks.pronunciation.word_lists import read

    words = read(path, case or "lower", silence=silence)
    for note in words.notes:
        output.note(f"note: {path}: {note}")
    return words


def _some(words: dict[str, tuple[tuple[str, ...], ...]]) -> str:
    return repr(shown(next(iter(words))))
