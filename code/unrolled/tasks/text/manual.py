"""The text of the manual that comes with every Python."""

import re
from pydoc_data.topics import topics

import numpy as np

from unrolled.tasks.task import Array

CHARACTERS = " abcdefghijklmnopqrstuvwxyz"


def manual() -> str:
    """The manual in lower case, with one blank for each run of other characters."""
    return re.sub("[^a-z]+", " ", " ".join(topics.values()).lower())


def encode(text: str) -> Array:
    """The ids of a text made of `CHARACTERS`. Shape: returns (T,), int32.

    Raises:
        ValueError: the text contains any other character.
    """
    return np.array([CHARACTERS.index(character) for character in text], np.int32)
