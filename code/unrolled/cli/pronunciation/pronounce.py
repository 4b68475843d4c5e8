"""`unrolled pronounce`: reading words with a trained model."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import about, opened
from unrolled.errors import UserError, shown

if TYPE_CHECKING:
    from unrolled.tasks.pronunciation import Reader
    from unrolled.tasks.pronunciation.dictionary import Case

EXAMPLES = (
    "unrolled pronounce knuth hate",
    "unrolled pronounce --model window --json hat hate",
    "unrolled pronounce --file words.txt",
    "unrolled pronounce --model encoder-decoder-attention --beam 5 knuth",
)
_UNKNOWN = "  (unknown letter)"


def pronounce(
    words: Annotated[list[str] | None, typer.Argument(help="The words to read.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Read the words of a file, a line each; - is standard input."),
    ] = None,
    model: options.Model = None,
    cell: options.CellName = None,
    framework: options.RunIn = None,
    checkpoint: options.Checkpoint = None,
    beam: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Search this wide, and show the best readings."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Read words aloud on paper: the phonemes, step by step, and how sure the model is.

    A step of a tagger is a letter with its tag. An encoder-decoder says a phoneme a step, the
    most probable one; with --beam it shows the readings that a beam search finds, best first.

    The words of a --file are answered in lines word<TAB>phonemes. A word that cannot be read is
    named, the others are read, and the exit status is 2.
    """
    if (file is None) == (not words):
        raise UserError("no words are named; give words, or a file by --file, and not both")
    if words and all(map(_fault, words)):
        raise UserError(_fault(words[0]))
    saved = opened(checkpoint, model, cell, framework)
    if beam and saved.predictor.answer.kind == "labels":
        name = saved.facts["model"]["name"]
        raise UserError(f"the {name} model tags each letter; --beam is for an encoder-decoder")
    from unrolled.tasks.pronunciation.word_lists import as_lines

    read = [_tried(saved, word, beam) for word in words or _listed(Path(file or "-"), saved.case)]
    faults = [row["error"] for row in read if "error" in row]
    if len(faults) == len(read):
        raise UserError(faults[0])
    for fault in faults:
        output.note(f"error: {fault}")
    if as_json:
        output.emit({**about(saved), "words": read})
    elif words is None:
        lines = as_lines({row["word"]: row["phonemes"] for row in read if "error" not in row})
        print("".join(lines), end="")
    else:
        for row in read:
            if "error" not in row:
                _show(row)
    if faults:
        raise typer.Exit(2)


def _listed(file: Path, case: "Case") -> list[str]:
    """The words of a file, whose phonemes do not matter where it has any."""
    from unrolled.tasks.pronunciation.word_lists import parse, read

    if str(file) == "-":
        return list(parse(sys.stdin.buffer.read(), Path("standard input"), case, alone=True).words)
    return list(read(file, case, alone=True, silence=True).words)


def _tried(saved: "Reader", word: str, beam: int | None) -> dict[str, Any]:
    """What the model makes of one word, or what is wrong with it."""
    from unrolled.tasks.pronunciation import normalise

    try:
        if fault := _fault(word):
            raise UserError(fault)
        return _read(saved, normalise(word.strip(), saved.case), beam)
    except UserError as error:
        return {"word": word, "error": str(error)}


def _fault(word: str) -> str:
    """What is wrong with a word that no model can read; "" if nothing."""
    from unrolled.tasks.pronunciation.dictionary import MAX_LETTERS

    letters = len(word.strip())
    if not letters:
        return "an empty word has no letters to read; give one or more"
    if letters > MAX_LETTERS:
        return f"{shown(word)!r} has {letters:,} letters; at most {MAX_LETTERS:,} are read"
    return ""


def _read(saved: "Reader", word: str, beam: int | None) -> dict[str, Any]:
    """The model's prediction for one word."""
    ids = saved.letters.encode(word)  # (T,)
    known = ids != saved.letters.unknown
    if not known.any():
        raise UserError(
            f"{shown(word)!r} has no letter that the model knows; it was trained on "
            + shown("".join(saved.letters.listed))
        )
    letters = [{"letter": x, "known": bool(k)} for x, k in zip(word, known, strict=True)]
    reading = _search(saved, ids, beam) if beam else _steps(saved, ids, letters)
    return {"word": word, "letters": letters, **reading}


def _steps(saved: "Reader", ids: Any, letters: list[dict[str, Any]]) -> dict[str, Any]:
    """The most probable symbol at each step; those of a tagger come with their letters."""
    from unrolled.tasks import pronunciation

    p = saved.probabilities(ids[None])[0]  # (U, K), for a tagger U = T
    best = p.argmax(axis=-1)
    phonemes = list(pronunciation.decode(saved.tags, best))
    steps = list(zip(saved.tags.decode(best), p.max(axis=-1).tolist(), strict=True))
    if saved.predictor.answer.kind == "sequence":
        steps = steps[: len(phonemes) + 1]  # including the end symbol
        spoken = [{"phoneme": phoneme, "probability": p_u} for phoneme, p_u in steps]
        return {"phonemes": phonemes, "steps": spoken}
    for letter, (tag, p_t) in zip(letters, steps, strict=True):
        letter |= {"tag": tag, "probability": p_t}
    return {"phonemes": phonemes}


def _search(saved: "Reader", ids: Any, width: int) -> dict[str, Any]:
    """The pronunciations that a beam search finds, best first."""
    readings = [
        {"phonemes": saved.tags.decode(h.ids), "log_probability": h.log_p}
        for h in saved.model.beam(ids[None], width)[0]
    ]
    return {"phonemes": readings[0]["phonemes"], "readings": readings}


def _show(row: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    rows: list[tuple[str, ...]]
    if "readings" in row:
        columns: tuple[str, ...] = ("phonemes", "probability")
        rows = [
            (" ".join(one["phonemes"]) or "(silent)", f"{math.exp(one['log_probability']):.3f}")
            for one in row["readings"]
        ]
    elif "steps" in row:
        columns = ("phoneme", "probability")
        rows = [(step["phoneme"], f"{step['probability']:.2f}") for step in row["steps"]]
    else:
        columns = ("letter", "tag", "probability")
        rows = [
            (
                shown(x["letter"]),
                shown(x["tag"]),
                f"{x['probability']:.2f}{'' if x['known'] else _UNKNOWN}",
            )
            for x in row["letters"]
        ]
    table = Table(*columns, box=None, pad_edge=False)
    for cells in rows:
        table.add_row(*map(Text, cells))
    console = output.console()
    console.print(f"{shown(row['word'])}: {' '.join(row['phonemes']) or '(silent)'}")
    unknown = [x["letter"] for x in row["letters"] if not x["known"]]
    if unknown and "tag" not in row["letters"][0]:
        console.print(f"{shown(''.join(unknown))}{_UNKNOWN}")
    console.print(table)
    console.print()
