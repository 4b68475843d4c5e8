"""`unrolled data`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import Stress, Words
from unrolled.errors import UserError, shown

if TYPE_CHECKING:
    from unrolled.tasks.pronunciation import PronunciationData

EXAMPLES = (
    "unrolled data",
    "unrolled data --word hate",
    "unrolled data --train words.tsv --json",
)


@options.spread
def data(
    *,
    word: Annotated[str | None, typer.Option(help="Look up one word instead.")] = None,
    words: Words,
    stress: Stress = False,
    as_json: options.Json = False,
) -> None:
    """Describe the data and how it is split, or look up a word in it."""
    prepared = words.load(stress)
    result = _summary(prepared) if word is None else _look_up(prepared, word)
    if as_json:
        output.emit(result)
        return
    width = max(map(len, result))
    for key, value in result.items():
        output.console().print(f"{key.replace('_', ' '):{width}}  {_text(value)}")


def _summary(data: "PronunciationData") -> dict[str, Any]:
    from unrolled.tasks.pronunciation import leak
    from unrolled.tasks.pronunciation.cache import cache_folder

    return {
        "name": data.name,
        "training_words": len(data.train_words),
        "validation_words": len(data.valid),
        "test_words": len(data.test),
        "test_words_with_a_relative_in_training": leak(data.train_words, data.test),
        "aligned_pronunciations": len(data.train),
        "aligned_letters": data.train.num_letters,
        "dropped_pronunciations": len(data.dropped),
        "letters": list(data.letters.listed),
        "tags": list(data.tags.symbols),
        "cache": str(cache_folder()),
    }


def _look_up(data: "PronunciationData", word: str) -> dict[str, Any]:
    from unrolled.tasks.pronunciation import family, normalise

    word = normalise(word.strip(), data.letters.case)
    parts = {"training": data.train_words, "validation": data.valid, "test": data.test}
    for part, words in parts.items():
        if word in words:
            return {
                "word": word,
                "part": part,
                "family": family(word),
                "pronunciations": [" ".join(variant) for variant in words[word]],
                "alignments": _alignments(data, word),
            }
    raise UserError(f"{shown(word)!r} is not in the data ({data.name})")


def _alignments(data: "PronunciationData", word: str) -> list[str]:
    """The tags of a training word's pronunciations; validation and test words are never aligned."""
    letters, tags = data.train.by_length.get(len(word), ([], []))
    ids = data.letters.encode(word)
    rows = [row for x, row in zip(letters, tags, strict=True) if (x == ids).all()]
    return [" | ".join(data.tags.decode(row)) for row in rows]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
