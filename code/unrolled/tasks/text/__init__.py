"""Text: predicting the next character at each character."""

from unrolled.tasks.task import Saved
from unrolled.tasks.text.manual import CHARACTERS, encode, manual
from unrolled.tasks.text.task import TextTask, lay_out, surprise, windows

TASK, SAVED = TextTask, Saved

__all__ = [
    "CHARACTERS",
    "SAVED",
    "TASK",
    "Saved",
    "TextTask",
    "encode",
    "lay_out",
    "manual",
    "surprise",
    "windows",
]
