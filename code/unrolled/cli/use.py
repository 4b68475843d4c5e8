"""`unrolled evaluate` and `unrolled pronounce`: putting a trained model to use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unrolled.cli import options, output
from unrolled.errors import UserError

if TYPE_CHECKING:
    from unrolled.trained import Trained

EVALUATE_EXAMPLES = (
    "unrolled evaluate",
    "unrolled evaluate --model basic --cell lstm --on valid",
    "unrolled evaluate --framework keras --predictions said.tsv",
)
PRONOUNCE_EXAMPLES = (
    "unrolled pronounce knuth hate",
    "unrolled pronounce --model window --json hat hate",
)


def evaluate(
    model: options.Model = None,
    cell: options.CellName = None,
    framework: options.RunIn = None,
    checkpoint: options.Checkpoint = None,
    on: Annotated[Literal["test", "valid"], typer.Option(help="The words to read.")] = "test",
    train: options.TrainFile = None,
    valid: options.ValidFile = None,
    test: options.TestFile = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Write what is read, lines word<TAB>phonemes.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Measure a trained model: phoneme and word error rate (PER, WER) on held-out words.

    The data must be that of the training, so that no word is scored that the model has seen: a
    model trained on files needs the same --train (and --valid) again.
    """
    from unrolled.tasks import pronunciation

    trained = _open(checkpoint, model, cell, framework)
    kept = trained.facts["data"]
    data = pronunciation.load(train, valid, test, stress=kept["stress"])
    trained.refuse_other(data)
    words = data.test if on == "test" else data.valid
    said = pronunciation.transcribe(words, trained.letters, trained.tags, trained.trainer.predict)
    score = pronunciation.score(said, words)
    if predictions is not None:
        _write(predictions, said)
    result = {
        **_about(trained),
        "data": data.name,
        "on": on,
        "per": score.per,
        "wer": score.wer,
        "words": score.words,
        "wrong": score.wrong,
        "phonemes": score.phonemes,
        "errors": score.errors,
    }
    if as_json:
        output.emit(result)
        return
    console = output.console()
    console.print(f"PER {score.per:.3f}  {score.errors:,} errors in {score.phonemes:,} phonemes")
    console.print(f"WER {score.wer:.3f}  {score.wrong:,} wrong of {score.words:,} {on} words")
    console.print(f"checkpoint  {trained.path}, run in {trained.trainer.framework}")


def pronounce(
    words: Annotated[list[str], typer.Argument(help="The words to read, in any case.")],
    model: options.Model = None,
    cell: options.CellName = None,
    framework: options.RunIn = None,
    checkpoint: options.Checkpoint = None,
    as_json: options.Json = False,
) -> None:
    """Read words aloud on paper: the tag of each letter, how sure the model is, the phonemes."""
    spelled = [_checked(word) for word in words]
    trained = _open(checkpoint, model, cell, framework)
    read = [_read(trained, word) for word in spelled]
    if as_json:
        output.emit({**_about(trained), "words": read})
        return
    for row in read:
        _show(row)


def _checked(word: str) -> str:
    from unrolled.tasks.pronunciation.dictionary import MAX_LETTERS, normalise

    spelled = normalise(word.strip())
    if not spelled:
        raise UserError("an empty word has no letters to read; give one or more")
    if len(spelled) > MAX_LETTERS:
        raise UserError(
            f"{output.shown(word)!r} has {len(spelled):,} letters; at most {MAX_LETTERS:,} are read"
        )
    return spelled


def _open(
    checkpoint: Path | None, model: str | None, cell: str | None, framework: str | None
) -> "Trained":
    from unrolled import trained

    path = checkpoint or trained.find(model, cell, framework)
    found = trained.load(path, model, cell, framework)
    if found.trainer.framework != found.facts["framework"]:
        output.note(
            f"note: {path} was trained in {found.facts['framework']}, and is carried across"
        )
    return found


def _about(trained: "Trained") -> dict[str, Any]:
    return {
        "model": trained.facts["model"]["name"],
        **trained.facts["model"]["arguments"],
        "checkpoint": str(trained.path),
        "trained_in": trained.facts["framework"],
        "framework": trained.trainer.framework,
    }


def _read(trained: "Trained", word: str) -> dict[str, Any]:
    """What the model says of one word, letter by letter."""
    from unrolled.tasks import pronunciation

    ids = trained.letters.encode(word)  # (T,)
    known = ids != trained.letters.unknown
    if not known.any():
        raise UserError(
            f"{output.shown(word)!r} has no letter that the model knows; it was trained on "
            + output.shown("".join(trained.letters.symbols[2:]))
        )
    p = trained.probabilities(ids[None])[0]  # (T, K)
    tags = p.argmax(axis=-1)
    letters = [
        {"letter": x, "known": bool(k), "tag": trained.tags.symbols[i], "probability": float(p_i)}
        for x, k, i, p_i in zip(word, known, tags, p.max(axis=-1), strict=True)
    ]
    phonemes = pronunciation.decode(trained.tags, tags)
    return {"word": word, "phonemes": list(phonemes), "letters": letters}


def _show(row: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("letter", "tag", "probability", box=None, pad_edge=False)
    for letter in row["letters"]:
        unknown = "" if letter["known"] else "  (unknown letter)"
        cells = (letter["letter"], letter["tag"], f"{letter['probability']:.2f}{unknown}")
        table.add_row(*(Text(output.shown(cell)) for cell in cells))
    console = output.console()
    console.print(f"{output.shown(row['word'])}: {' '.join(row['phonemes']) or '(silent)'}")
    console.print(table)
    console.print()


def _write(path: Path, said: dict[str, tuple[str, ...]]) -> None:
    from unrolled.files import atomic_write

    with atomic_write(path, "w") as file:
        file.writelines(f"{word}\t{' '.join(phonemes)}\n" for word, phonemes in said.items())
