"""No file names an owner, a host or a package that is neither ours nor a dependency's."""

import pytest
import strangers
from places import ROOT

STRANGERS = [
    "https://github.com/someone-else/unrolled",
    "see github.com/someone-else/unrolled for more",
    "git clone git@github.com:someone-else/unrolled.git",
    "https://gitlab.com/someone-else/unrolled",
    "https://github.com/SOMEONE/unrolled",
    "https://gitlab.example.edu/someone-else/unrolled",
    "repo=https%3A%2F%2Fgithub.com%2Fsomeone-else%2Funrolled",
    "https://colab.research.google.com/github/someone-else/unrolled/blob/main/a.ipynb",
    "https://mybinder.org/v2/gh/someone-else/unrolled/main",
    "https://someone-else.github.io/unrolled/",
    "someone-else.gitlab.io",
    "https://unrolled-book.org/",
    "<https://unrolled.readthedocs.io>",
    "https://x-access-token:secret@forge.example/us/book",
    "      - uses: someone-else/action@0123456789abcdef",
    "pip install unrolled",
    'pip install "unrolled[torch]"',
    "run `pip install unrolled`",
    "%pip install --quiet unrolled",
    "uv pip install -r requirements.txt unrolled==0.1",
    "pip3 install -e . unrolled-extras",
    "f'{name} is not installed; run `pip install \"unrolled[{extra}]\"`'",
    'pip install "unrolled @ https://github.com/someone-else/unrolled/archive/main.zip"',
    "pipx run unrolled",
]
KNOWN = [
    "https://github.com/OWNER/NAME",
    "https://github.com/{repository}/tree/{commit}",
    'git push "https://x-access-token:$TOKEN@github.com/$GITHUB_REPOSITORY" notebooks',
    "https://{0}.github.io/{1}/",
    "uses: actions/checkout@0123456789abcdef # v1",
    "https://doi.org/10.1/a, https://aclanthology.org/W14-4012",
    'pip install ".[torch,keras]"',
    "pip install -e . && pip install -r requirements.lock",
    "pip install torch==2.13.0 'keras>=3.15'",
    'pip install "unrolled[torch,keras] @ {package}"',
    "what pip installs the package from",
]


@pytest.mark.parametrize("text", STRANGERS)
def test_a_stranger_is_found(text: str) -> None:
    assert strangers.of_text(text)


@pytest.mark.parametrize("text", KNOWN)
def test_what_is_known_is_none(text: str) -> None:
    assert strangers.of_text(text) == []


def test_the_checkout_names_no_stranger() -> None:
    names = strangers.tracked()
    if names is None:
        pytest.skip("this is no checkout")
    looked_at = {"README.md", "_config.yml", "CITATION.cff", ".github/workflows/publish.yml"}
    assert looked_at <= set(names)
    files = {name: ROOT / name for name in names if (ROOT / name).is_file()}
    faults = {name: strangers.of_text(file.read_text("utf-8")) for name, file in files.items()}
    assert not any(faults.values()), {name: names for name, names in faults.items() if names}
