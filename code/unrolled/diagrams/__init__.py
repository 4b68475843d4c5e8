"""Every diagram of the book, drawn from the one vocabulary of `Canvas`."""

from unrolled.diagrams.canvas import SILENT, Canvas
from unrolled.diagrams.circuits import circuit
from unrolled.diagrams.circuits.key import circuit_key
from unrolled.diagrams.depth import depths, dropout_masks, gradient_paths, read_by_each
from unrolled.diagrams.direction import guide, informed, meeting, summaries
from unrolled.diagrams.family import family_tree, time_line
from unrolled.diagrams.feeding import streams, teaching, truncation
from unrolled.diagrams.hybrids import (
    attention_moments,
    conv_lstm,
    heads,
    hybrid_seats,
    image_reader,
    layer_mixes,
    memory_network,
    one_vector,
)
from unrolled.diagrams.lattices import ctc_lattice, tag_chain, transducer_lattice
from unrolled.diagrams.recurrence import (
    backward_flow,
    paths,
    plain_cell,
    readers,
    scan,
    unrolling,
)
from unrolled.diagrams.shapes import shapes, structure
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
    "attention_moments",
    "attention_tagger",
    "backward_flow",
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
    "meeting",
    "memory_network",
    "one_vector",
    "paths",
    "plain_cell",
    "read_by_each",
    "readers",
    "scan",
    "shapes",
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
