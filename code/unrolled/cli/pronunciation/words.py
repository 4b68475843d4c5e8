"""What the commands on words share: the files, the trained model, and what is printed about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unrolled.cli import options, output
from unrolled.errors import UserError

if TYPE_CHECKING:
    from unrolled.tasks.pronunciation import Dictionary, PronunciationData, Reader, Score
    from unrolled.tasks.pronunciation.dictionary import Case as SpelledIn

NOTHING_TO_SCORE = (
    "the test words have no pronunciations to score against; "
    "name a file by --predictions and they are read"
)

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
Case = Annotated[
    Literal["lower", "keep"] | None,
    typer.Option(
        "--case",
        metavar="HOW",
        help="lower: words are read in lower case; keep: as they stand.",
    ),
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
    case: Case = None

    @property
    def files(self) -> dict[str, Path | None]:
        """The files by their options."""
        return {"--train": self.train, "--valid": self.valid, "--test": self.test}

    @property
    def typed(self) -> list[str]:
        """The options as they are typed."""
        given = {name: path for name, path in self.files.items() if path is not None}
        typed = [f"{name} {output.quoted(path)}" for name, path in given.items()]
        return [*typed, f"--case {self.case}"] if self.case else typed

    def load(self, stress: bool, case: "SpelledIn" = "lower") -> "PronunciationData":
        """The prepared words; `case` is how they are spelled if no option says it."""
        from unrolled.tasks import pronunciation

        case = self.case or case
        return pronunciation.load(self.train, self.valid, self.test, stress=stress, case=case)

    def alone(self, case: "SpelledIn") -> "Dictionary | None":
        """The test words, where they are a list of words alone."""
        from unrolled.tasks.pronunciation.word_lists import read

        if self.test is None:
            return None
        words = read(self.test, self.case or case, alone=True).words
        return None if any(words.values()) else words


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


def measure(saved: "Reader", references: "Dictionary", predictions: Path | None) -> "Score | None":
    """Reads words, writes what was read where it is wanted, and scores it if there are answers.

    Raises:
        UserError: there are no answers, and no place for what is read.
    """
    from unrolled.tasks import pronunciation

    answered = any(references.values())
    if not answered and predictions is None:
        raise UserError(NOTHING_TO_SCORE)
    read = saved.transcribe(references)
    if predictions is not None:
        pronunciation.write_tsv(predictions, read)
    return pronunciation.score(read, references) if answered else None
