"""What the commands on words share: the files, the trained model, and what is printed about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unrolled.cli import options, output

if TYPE_CHECKING:
    from unrolled.tasks.pronunciation import Dictionary, PronunciationData, Reader, Score

TrainFile = Annotated[
    Path | None,
    typer.Option("--train", help="Training words, a file of lines word<TAB>phonemes."),
]
ValidFile = Annotated[
    Path | None, typer.Option("--valid", help="Validation words; by default a tenth of --train.")
]
TestFile = Annotated[
    Path | None, typer.Option("--test", help="Test words; by default a tenth of --train.")
]
Stress = Annotated[
    bool, typer.Option("--stress", help="Keep the digits of stress in the CMU dictionary.")
]
Predictions = Annotated[
    Path | None,
    typer.Option(help="Write what is read of the held-out words, lines word<TAB>phonemes."),
]


@dataclass(frozen=True)
class Words(options.Group):
    """The words to learn and to read: the CMU dictionary, or files."""

    train: TrainFile = None
    valid: ValidFile = None
    test: TestFile = None

    def load(self, stress: bool) -> "PronunciationData":
        """The prepared words."""
        from unrolled.tasks import pronunciation

        return pronunciation.load(self.train, self.valid, self.test, stress=stress)


def opened(
    checkpoint: Path | None, model: str | None, cell: str | None, framework: str | None
) -> "Reader":
    """A trained model: from a checkpoint, or the newest of that name in the folder models."""
    from unrolled.models.saved import find, load

    path = checkpoint or find(model, cell, framework)
    saved: Reader = load(path, model, cell, framework, task="pronunciation")
    if saved.framework != saved.facts["framework"]:
        output.note(
            f"note: {path} was trained in {saved.facts['framework']}, and is carried across"
        )
    return saved


def about(saved: "Reader") -> dict[str, Any]:
    """The facts that a command prints about the model that it used."""
    return {
        "model": saved.facts["model"]["name"],
        **saved.facts["model"]["arguments"],
        "checkpoint": str(saved.path),
        "trained_in": saved.facts["framework"],
        "framework": saved.framework,
    }


def measure(saved: "Reader", references: "Dictionary", predictions: Path | None) -> "Score":
    """Predicts and scores words, and writes the predictions to a file if one is given."""
    from unrolled.tasks import pronunciation

    read = saved.transcribe(references)
    if predictions is not None:
        pronunciation.write_tsv(predictions, read)
    return pronunciation.score(read, references)
