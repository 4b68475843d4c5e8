"""Three invented languages, from a list of words to a score, in both frameworks.

One is written from right to left, one with marks that combine with the letter before them, and one
in blocks of a syllable, whose letters stand for three phonemes each.
"""

import itertools
import unicodedata
from pathlib import Path

import pytest
from cli_runs import json_of
from unrolled import cli
from unrolled.tasks.pronunciation.word_lists import parse

FRAMEWORKS = ("pytorch", "keras")
CONSONANTS = dict(zip("בגדלמש", ("b", "g", "d", "l", "m", "sh"), strict=True))
SYLLABLES = {
    consonant + mark: (sound, vowel)
    for (consonant, sound), (mark, vowel) in itertools.product(
        zip("कतपम", "ktpm", strict=True), zip("ािुे", "aiue", strict=True)
    )
}
BLOCKS = {
    unicodedata.normalize("NFC", first + vowel + last): sounds
    for (first, vowel, last), sounds in zip(
        itertools.product("\u1100\u1102\u1103", "\u1161\u1169", "\u11a8\u11ab"),
        itertools.product("knt", "ao", "kn"),
        strict=True,
    )
}


def spelled(sounds: dict[str, tuple[str, ...]], parts: int, step: int) -> dict[str, list[str]]:
    """Words of so many parts, every `step`-th of all, with their phonemes."""
    chosen = list(itertools.product(sounds, repeat=parts))[::step]
    return {"".join(word): [p for part in word for p in sounds[part]] for word in chosen}


LANGUAGES = {
    "right to left": ("basic", spelled({x: (y,) for x, y in CONSONANTS.items()}, 3, 2)),
    "combining marks": ("bidirectional", spelled(SYLLABLES, 2, 2)),
    "syllable blocks": ("encoder-decoder-attention", spelled(BLOCKS, 2, 1)),
}


def read(path: str) -> dict[str, tuple[str, ...]]:
    return dict(parse(Path(path).read_bytes(), Path(path), silence=True).entries)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_language_goes_from_its_words_to_a_score(
    framework, language, tmp_path, monkeypatch, capsys
):
    model, words = LANGUAGES[language]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    lines = [f"{word}\t{' '.join(phonemes)}\n" for word, phonemes in words.items()]
    Path("words.tsv").write_text("".join(lines), encoding="utf-8")
    train = ("train", "--model", model, "--framework", framework, "--train", "words.tsv")
    trained = json_of(capsys, *train, "--hidden-size", "8", "--epochs", "2", "--out", "model.st")
    assert trained["framework"] == framework

    use = ("--checkpoint", "model.st")
    given = ("--train", "words.tsv", "--predictions", "predictions.tsv")
    measured = json_of(capsys, "evaluate", *use, *given)
    predictions = read("predictions.tsv")
    assert predictions.keys() <= words.keys()

    right = [f"{word}\t{' '.join(words[word])}\n" for word in predictions]
    Path("right.tsv").write_text("".join(right), encoding="utf-8")
    scored = json_of(capsys, "score", "--predictions", "predictions.tsv", "--test", "right.tsv")
    assert {name: scored[name] for name in ("per", "wer", "words")} == {
        name: measured[name] for name in ("per", "wer", "words")
    }
    assert scored["missing"] == 0

    Path("alone.txt").write_text("\n".join(predictions), encoding="utf-8")
    assert cli.main(["pronounce", *use, "--file", "alone.txt"]) == 0
    Path("again.tsv").write_text(capsys.readouterr().out, encoding="utf-8")
    assert read("again.tsv") == predictions
