"""Reading words with a model, and counting the errors."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import Levenshtein

from unrolled.errors import UserError
from unrolled.tasks.pronunciation.data import END, Vocabulary, decode
from unrolled.tasks.pronunciation.dictionary import Dictionary, Pronunciation


@dataclass(frozen=True)
class Score:
    """How far the predictions are from the references.

    Args:
        words: the number of words scored.
        wrong: the number of them with at least one error.
        phonemes: the total number of phonemes in the closest references.
        errors: the total number of phonemes inserted, deleted or replaced.
        distances: the number of errors in each word.
        lengths: the number of phonemes in the closest reference of each word.
    """

    words: int
    wrong: int
    phonemes: int
    errors: int
    distances: Mapping[str, int] = field(repr=False)
    lengths: Mapping[str, int] = field(repr=False)

    @property
    def facts(self) -> dict[str, float]:
        """The numbers by name, without those of each word."""
        rates = {"per": self.per, "wer": self.wer, "words": self.words, "wrong": self.wrong}
        return {**rates, "phonemes": self.phonemes, "errors": self.errors}

    def lines(self, what: str = "words") -> tuple[str, str]:
        """The numbers as they are read."""
        return (
            f"PER {self.per:.3f}  {self.errors:,} errors in {self.phonemes:,} phonemes",
            f"WER {self.wer:.3f}  {self.wrong:,} wrong of {self.words:,} {what}",
        )

    @property
    def per(self) -> float:
        """Phoneme error rate: errors / phonemes. It can exceed 1."""
        return self.errors / self.phonemes

    @property
    def wer(self) -> float:
        """Word error rate: wrong / words."""
        return self.wrong / self.words


def score(predictions: Mapping[str, Pronunciation | None], references: Dictionary) -> Score:
    """Count the errors of each prediction against the closest pronunciation of its word.

    PER = sum_w d_w / sum_w |r_w|,    WER = share of words with d_w > 0,

    with r_w the reference closest to the prediction and d_w its Levenshtein distance. If two
    references are equally close, r_w is the one listed first. A word without a prediction (None,
    or missing) counts as empty: every phoneme of its shortest reference is an error.
    Predictions of words that are not in `references` are ignored.

    Raises:
        UserError: there are no references, or a word has no pronunciation.
    """
    if not references:
        raise UserError("there are no reference words to score against")
    distances, lengths = {}, {}
    for word, variants in references.items():
        if not all(variants) or not variants:
            raise UserError(f"the reference word {word!r} has no pronunciation to score against")
        read = predictions.get(word) or ()
        distance, _, length = min(
            (Levenshtein.distance(read, variant), place, len(variant))
            for place, variant in enumerate(variants)
        )
        distances[word], lengths[word] = distance, length
    return Score(
        words=len(references),
        wrong=sum(distance > 0 for distance in distances.values()),
        phonemes=sum(lengths.values()),
        errors=sum(distances.values()),
        distances=distances,
        lengths=lengths,
    )


def transcribe(
    words: Iterable[str],
    letters: Vocabulary,
    symbols: Vocabulary,
    predict: Callable[[np.ndarray], np.ndarray],
    batch_size: int = 512,
) -> dict[str, Pronunciation]:
    """Predict the phonemes of words with a model of any framework, in batches of equal length.

    Args:
        words: in any case; a letter not seen in training is read as the unknown letter.
        letters: the letter vocabulary of the model.
        symbols: its output vocabulary: tags, or phonemes and the end symbol.
        predict: maps letters (B, T), int32, to ids (B, U); for tags U = T.
        batch_size: the most words in a batch, B.

    Raises:
        ValueError: `predict` does not return one row per word, or not one tag per letter.
    """
    each = END not in symbols.ids
    answers = answer(words, letters, predict, each=each, batch_size=batch_size)
    return {word: decode(symbols, ids.tolist()) for word, ids in answers.items()}


def answer(
    words: Iterable[str],
    letters: Vocabulary,
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    each: bool = True,
    batch_size: int = 512,
) -> dict[str, np.ndarray]:
    """The ids (U,) that a model predicts for each word; a batch holds words of one length.

    Args:
        words: in any case; a letter not seen in training is read as the unknown letter.
        letters: the letter vocabulary of the model.
        predict: maps letters (B, T), int32, to ids (B, U).
        each: whether every letter has a prediction, U = T.
        batch_size: the most words in a batch, B.

    Raises:
        ValueError: `predict` does not return one row per word or, with `each`, one id per letter.
    """
    encoded = {word: letters.encode(word) for word in words}
    answers = dict.fromkeys(encoded, np.zeros(0, np.int32))  # stays so for an empty word
    for length in sorted({len(ids) for ids in encoded.values()} - {0}):
        names = [word for word, ids in encoded.items() if len(ids) == length]
        for start in range(0, len(names), batch_size):
            batch = names[start : start + batch_size]
            rows = np.stack([encoded[word] for word in batch])  # (B, T)
            ids = np.asarray(predict(rows))
            if ids.ndim != 2 or len(ids) != len(rows) or (each and ids.shape != rows.shape):
                raise ValueError(f"predict: letters {rows.shape} gave tags {ids.shape}")
            answers.update(zip(batch, ids, strict=True))
    return answers
