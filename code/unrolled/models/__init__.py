"""The models: named, built, saved and compared. Importing this package imports no framework."""

from unrolled.cells import CELLS, FUSED, SPEAKING
from unrolled.models.build import build, build_for, module, predictor, threads, trainer, versions
from unrolled.models.specs import (
    FRAMEWORKS,
    NAMED,
    Framework,
    Name,
    Spec,
    changed,
    spec,
)

__all__ = [
    "CELLS",
    "FRAMEWORKS",
    "FUSED",
    "NAMED",
    "SPEAKING",
    "Framework",
    "Name",
    "Spec",
    "build",
    "build_for",
    "changed",
    "module",
    "predictor",
    "spec",
    "threads",
    "trainer",
    "versions",
]
