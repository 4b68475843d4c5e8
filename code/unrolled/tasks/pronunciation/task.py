"""Spelling to sound as a task: tags letter by letter, or phonemes until the end."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, get_args

import numpy as np

from unrolled.errors import UserError
from unrolled.tasks.pronunciation.data import (
    UNKNOWN,
    Examples,
    PronunciationData,
    Target,
    Vocabulary,
)
from unrolled.tasks.pronunciation.dictionary import Case, Dictionary, Pronunciation
from unrolled.tasks.pronunciation.scoring import Score, score, transcribe
from unrolled.tasks.task import Answer, Array, Batch, Kind, Measure, Predictor, Row, Saved, Task


class PronunciationTask(Task):
    """Spelling to sound.

    Args:
        data: the prepared words.
        kind: "labels": a tag for each letter; "sequence" or "unaligned": phonemes until the end.
    """

    name = "pronunciation"
    items = "letters"
    decides = "per"
    measures = (
        Measure("WER", "words", "wer", 100, "distances", at_most=1),
        Measure("PER", "phonemes", "per", 100, "distances", "lengths"),
    )

    def __init__(self, data: PronunciationData, kind: Kind = "labels") -> None:
        self.data, self.kind = data, kind

    @property
    def target(self) -> Target:
        """The output vocabulary, and the training words with targets in its ids."""
        return self.data.target("tags" if self.kind == "labels" else "phonemes")

    @property
    def input_size(self) -> int:
        return len(self.data.letters)

    @property
    def answer(self) -> Answer:
        return Answer(self.kind, len(self.target.symbols))

    @property
    def facts(self) -> dict[str, Any]:
        data = self.data
        return {
            "data": {
                "name": data.name,
                "stress": data.stress,
                "fingerprint": data.fingerprint,
                **({"case": "keep"} if data.letters.case == "keep" else {}),
            },
            "letters": data.letters.symbols,
            "tags": self.target.symbols.symbols,
        }

    def examples(self, sample: int | None, seed: int = 0) -> Examples:
        """All training words, or a sample of them."""
        examples = self.target.examples
        return examples if sample is None else examples.sample(sample, seed)

    def num_items(self, sample: int | None) -> int:
        return self.examples(sample).num_letters

    def epoch(
        self, epoch: int, batch_size: int, seed: int, sample: int | None = None
    ) -> list[Batch]:
        rng = np.random.default_rng((seed, epoch))
        batches = self.examples(sample, seed).batches(batch_size, rng)
        return [Batch(letters, targets) for letters, targets in batches]

    def score(self, predict: Callable[[Array], Array], words: Dictionary | None = None) -> Score:
        """PER and WER of a model, on the validation words unless others are given.

        Args:
            predict: maps letters (B, T) to ids (B, U); a network or a baseline.
            words: with their pronunciations.
        """
        words = self.data.valid if words is None else words
        read = transcribe(words, self.data.letters, self.target.symbols, predict)
        return score(read, words)

    def validate(self, predictor: Predictor) -> Row:
        scored = self.score(predictor.predict)
        return {"per": scored.per, "wer": scored.wer}

    def test(self, predictor: Predictor) -> tuple[Row, dict[str, Array]]:
        scored = self.score(predictor.predict, self.data.test)
        distances, lengths = (
            np.array([min(count, 255) for count in of.values()], np.uint8)
            for of in (scored.distances, scored.lengths)
        )
        row = {"per": scored.per, "wer": scored.wer, "words": scored.words}
        return row, {"distances": distances, "lengths": lengths}


class Reader(Saved):
    """A trained model of spelling to sound."""

    @cached_property
    def letters(self) -> Vocabulary:
        """What it reads."""
        return Vocabulary(tuple(self.facts["letters"]), UNKNOWN, self.case)

    @property
    def case(self) -> Case:
        """Whether it reads words in lower case or as they stand."""
        case: Case = self.facts["data"].get("case", "lower")
        return case

    @cached_property
    def tags(self) -> Vocabulary:
        """The output vocabulary: tags, or phonemes and the end symbol."""
        return Vocabulary(tuple(self.facts["tags"]))

    def check(self) -> None:
        for name in ("letters", "tags"):
            if not all(isinstance(symbol, str) for symbol in self.facts[name]):
                raise TypeError(f"the {name} are no texts")
        if self.case not in get_args(Case):
            raise ValueError(f"no such case: {self.case!r}")
        bool(self.facts["data"]["stress"]), str(self.facts["data"]["fingerprint"])

    def probabilities(self, letters: Array) -> Array:
        """p(tag | word) of each letter. Shape: (B, T) -> (B, T, K)."""
        logits = self.logits(letters)
        e = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def transcribe(self, words: Dictionary | list[str]) -> dict[str, Pronunciation]:
        """The pronunciation of each word."""
        return transcribe(words, self.letters, self.tags, self.predict)

    def refuse_other(self, data: PronunciationData) -> None:
        """Refuses data whose held-out words may be among the model's training words.

        Raises:
            UserError: the training or validation words differ from those of the model.
        """
        kept = self.facts["data"]
        if data.fingerprint != kept["fingerprint"]:
            raise UserError(
                f"{self.path} was trained on {kept['name']}; {data.name} is split otherwise, and "
                "may hold words that the model has seen: give --train and --valid as in training"
            )


def of_first_edition(
    arrays: Mapping[str, Array], facts: Mapping[str, Any]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Converts a checkpoint of the first edition, which knew no other task, to today's form."""
    model = dict(facts["model"])
    written = {"tags": "labels", "phonemes": "sequence"}[model.pop("writes", "tags")]
    kind = model.get("answer", written)
    renewed = {
        **facts,
        "task": PronunciationTask.name,
        "inputs": {"kind": "ids", "size": len(facts["letters"])},
        "answer": {"kind": kind, "size": len(facts["tags"]), "levels": []},
        "model": {**model, "answer": kind},
        "history": {"decides": "per", "lower_is_better": True, **facts["history"]},
    }
    return {name.replace("phonemes", "told"): array for name, array in arrays.items()}, renewed
