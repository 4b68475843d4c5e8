"""Every diagram of the book, drawn with the vocabulary of `Canvas`."""

from unrolled.pictures.diagrams.canvas import DASH, Canvas
from unrolled.pictures.diagrams.circuits import circuit
from unrolled.pictures.diagrams.circuits.key import circuit_key
from unrolled.pictures.diagrams.depth import depths, dropout_masks, gradient_paths, read_by_each
from unrolled.pictures.diagrams.direction import guide, informed, meeting, summaries
from unrolled.pictures.diagrams.family import family_tree, time_line
from unrolled.pictures.diagrams.feeding import streams, teaching, truncation
from unrolled.pictures.diagrams.hybrid_taggers import (
    attention_tagger,
    conv_tagger,
    encoder_decoder,
)
from unrolled.pictures.diagrams.hybrids import (
    attention_moments,
    conv_lstm,
    heads,
    hybrid_seats,
    image_reader,
    layer_mixes,
    memory_network,
    one_vector,
)
from unrolled.pictures.diagrams.lattices import ctc_lattice, tag_chain, transducer_lattice
from unrolled.pictures.diagrams.recurrence import (
    backward_flow,
    paths,
    plain_cell,
    readers,
    scan,
    unrolling,
)
from unrolled.pictures.diagrams.shapes import shapes, structure
from unrolled.pictures.diagrams.taggers import (
    alignment,
    bidirectional_tagger,
    look_ahead,
    stacked_tagger,
    unrolled_tagger,
)

__all__ = [
    "DASH",
    "Canvas",
    "alignment",
    "attention_moments",
    "attention_tagger",
    "backward_flow",
    "bidirectional_tagger",
    "circuit",
    "circuit_key",
    "conv_lstm",
    "conv_tagger",
    "ctc_lattice",
    "depths",
    "dropout_masks",
    "encoder_decoder",
    "family_tree",
    "gradient_paths",
    "guide",
    "heads",
    "hybrid_seats",
    "image_reader",
    "informed",
    "layer_mixes",
    "look_ahead",
    "meeting",
    "memory_network",
    "one_vector",
    "paths",
    "plain_cell",
    "read_by_each",
    "readers",
    "scan",
    "shapes",
    "stacked_tagger",
    "streams",
    "structure",
    "summaries",
    "tag_chain",
    "teaching",
    "time_line",
    "transducer_lattice",
    "truncation",
    "unrolled_tagger",
    "unrolling",
]
