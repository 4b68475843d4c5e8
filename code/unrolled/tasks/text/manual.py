"""The text of the manual that every Python carries."""

import re
from pydoc_data.topics import topics

import numpy as np

from unrolled.tasks.task import Array

CHARACTERS = " abcdefghijklmnopqrstuvwxyz"


def manual() -> str:
    """The manual in small letters, with one blank wherever there is anything else."""
    return re.sub("[^a-z]+", " ", " ".join(topics.values()).lower())


def encode(text: str) -> Array:
    """The ids of a text of `CHARACTERS`. Shape: returns (T,), int32.

    Raises:
        ValueError: the text has another character.
    """
    return np.array([CHARACTERS.index(character) for character in text], np.int32)
