"""The same model in both frameworks: built with the same weights, compared, trained."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from unrolled import models
from unrolled.models import parity
from unrolled.tasks.pronunciation import Examples, PronunciationData
from unrolled.tasks.task import Array
from unrolled.training import History, Trainer


def twins(spec: models.Spec, num_letters: int, num_symbols: int, seed: int = 0) -> dict[str, Any]:
    """The same model as "pytorch" and as "keras", both with the weights that PyTorch draws."""
    built = {f: models.build(f, spec, num_letters, num_symbols, seed) for f in models.FRAMEWORKS}
    parity.carry(built["pytorch"], built["keras"])
    return built


def apart(a: Any, b: Any, letters: Array, targets: Array) -> dict[str, float]:
    """How far apart two models are on one batch, at most.

    Args:
        a: of any framework.
        b: the same model in another one.
        letters: (B, T).
        targets: (B, U).

    Returns:
        The distance between the "logits", and the largest one between any "gradients".
    """
    distances = parity.differences(a, b, letters, targets)
    logits = distances.pop("logits")
    return {"logits": logits, "gradients": float(np.max(list(distances.values())))}


def of_lengths(data: PronunciationData, lengths: Collection[int]) -> PronunciationData:
    """The data with only the training and validation words of the given lengths.

    Keras compiles one graph for each length of word.
    """
    by_length = {T: rows for T, rows in data.train.by_length.items() if T in lengths}
    train_words, valid = (
        {word: variants for word, variants in words.items() if len(word) in lengths}
        for words in (data.train_words, data.valid)
    )
    return replace(data, train=Examples(by_length), train_words=train_words, valid=valid)


def outcomes(
    trainers: Mapping[tuple[str, str], Trainer], histories: Mapping[tuple[str, str], History]
) -> pd.DataFrame:
    """The results of training runs: one row per run, from its best epoch in validation.

    Args:
        trainers: by model and framework.
        histories: of the same runs.

    Returns:
        Model, framework, number of parameters, loss on the training words, PER and WER in percent.
    """
    rows = []
    for (model, framework), trainer in trainers.items():
        size = sum(array.size for array in trainer.weights().values())
        best = histories[model, framework].best
        rates = 100 * best["per"], 100 * best["wer"]
        rows.append((model, framework, size, best["loss"], *rates))
    head = ["model", "framework", "parameters", "loss", "PER, %", "WER, %"]
    return pd.DataFrame(rows, columns=head)
