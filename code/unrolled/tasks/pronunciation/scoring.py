"""Reading words with a model, and counting the errors."""

from collections import defaultdict
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
        words: how many words were scored.
        wrong: how many of them have at least one error.
        phonemes: the phonemes of the closest references together.
        errors: phonemes inserted, left out or replaced, together.
        distances: the errors of each word.
        lengths: the phonemes of the closest reference of each word.
    """

    words: int
    wrong: int
    phonemes: int
    errors: int
    distances: Mapping[str, int] = field(repr=False)
    lengths: Mapping[str, int] = field(repr=False)

    @property
    def per(self) -> float:
        """Phoneme error rate: errors / phonemes. It can exceed 1."""
        return self.errors / self.phonemes

    @property
    def wer(self) -> float:
        """Word error rate: wrong / words."""
        return self.wrong / self.words


def score(predictions: Mapping[str, Pronunciation | None], references: Dictionary) -> Score:
    """Count the errors against the closest of each word's pronunciations.

    PER = sum_w d_w / sum_w |r_w|,    WER = share of words with d_w > 0,

    with r_w the reference closest to the prediction and d_w its Levenshtein distance. If two
    references are equally close, r_w is the one listed first. A word without a prediction (None,
    or missing) counts as read in silence: every phoneme of its shortest reference is an error.
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
    """Read words with a model of any framework, batches of equal length at a time.

    Args:
        words: in any case; a letter that training has not seen is read as the unknown letter.
        letters: the letter vocabulary of the model.
        symbols: what the model writes: tags, or phonemes until the end symbol.
        predict: from letters (B, T), int32, to ids (B, U); for tags U = T.
        batch_size: the most words in a batch, B.

    Raises:
        ValueError: `predict` does not return one row a word, or not one tag a letter.
    """
    read: dict[str, Pronunciation] = {}
    by_length: dict[int, dict[str, np.ndarray]] = defaultdict(dict)
    for word in words:
        read[word] = ()  # keeps the order, and is the answer for a word of no letters
        ids = letters.encode(word)
        by_length[len(ids)][word] = ids
    by_length.pop(0, None)
    for _, encoded in sorted(by_length.items()):
        names, rows = list(encoded), np.stack(list(encoded.values()))  # (N, T)
        for start in range(0, len(names), batch_size):
            batch = rows[start : start + batch_size]  # (B, T)
            ids = np.asarray(predict(batch))
            wanted = batch.shape[:1] if END in symbols.ids else batch.shape
            if ids.ndim != 2 or ids.shape[: len(wanted)] != wanted:
                raise ValueError(f"predict: letters {batch.shape} gave tags {ids.shape}")
            for name, row in zip(names[start : start + batch_size], ids.tolist(), strict=True):
                read[name] = decode(symbols, row)
    return read
