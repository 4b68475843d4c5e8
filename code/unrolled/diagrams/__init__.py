"""Every diagram of the book, drawn from the one vocabulary of `Canvas`."""

from unrolled.diagrams.canvas import SILENT, Canvas
from unrolled.diagrams.taggers import (
    alignment,
    attention_tagger,
    conv_tagger,
    encoder_decoder,
    unrolled_tagger,
)

__all__ = [
    "SILENT",
    "Canvas",
    "alignment",
    "attention_tagger",
    "conv_tagger",
    "encoder_decoder",
    "unrolled_tagger",
]
