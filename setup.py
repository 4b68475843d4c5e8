"""What pyproject.toml cannot express: the wheel includes the recorded runs of `book/results`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

KINDS = ("*.jsonl", "*.json", "*.safetensors")


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


setup(cmdclass={"build_py": WithResults})
