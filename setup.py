"""What pyproject.toml cannot say: whence the wheel comes, and that it takes the recorded runs."""

import shutil
import sys
from email import message_from_string
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
KINDS = ("*.jsonl", "*.json", "*.safetensors")


def urls() -> dict[str, str]:
    """The addresses of the repository and its tracker, as far as they are known.

    A source distribution says what was known where it was made.
    """
    sys.path.insert(0, str(HERE / "book" / "_ext"))
    from unrolled_book.origin import origin

    source, made = origin("main"), HERE / "PKG-INFO"
    if source.address:
        return {"Repository": source.address, "Issues": source.issues}
    metadata = message_from_string(made.read_text("utf-8") if made.is_file() else "")
    return dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []))


class WithResults(build_py):
    """Copy the results next to the modules, where `unrolled.experiments.store` finds them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:  # a checkout reads its own
            for kind in KINDS:
                for source in sorted(Path("book", "results").rglob(kind)):
                    target = Path(self.build_lib, "unrolled", *source.parts[1:])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)


setup(cmdclass={"build_py": WithResults}, project_urls=urls())
