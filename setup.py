"""What pyproject.toml cannot say: the wheel takes the recorded runs from `book/results`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

KINDS = ("*.jsonl", "*.json", "*.safetensors")


class WithResults(build_py):
    """Lay the results beside the modules, where `unrolled.experiments.store` finds them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:  # a checkout reads its own
            for kind in KINDS:
                for source in sorted(Path("book", "results").rglob(kind)):
                    target = Path(self.build_lib, "unrolled", *source.parts[1:])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)


setup(cmdclass={"build_py": WithResults})
