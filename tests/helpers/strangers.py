"""Find, in the files of the checkout, owners, hosts and package names that nobody here answers for.

Whoever registers such a name serves what a reader installs, or what a link shows. So each is our
own, as far as that is set, a dependency's, a cited work's, one of those below, or a placeholder
such as OWNER or `{address}`.
"""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from places import BOOK, ROOT
from unrolled_book.origin import configured

HOSTS = {
    "127.0.0.1",  # this machine
    "colab.research.google.com",
    "creativecommons.org",  # the licence of the prose
    "docs.ray.io",
    "doi.org",
    "download.pytorch.org",  # PyTorch without CUDA
    "github.com",  # whose owners are looked at
    "gitlab.com",
    "mybinder.org",
    "www.w3.org",  # the names of SVG and XLink
}
OWNERS = {"CUNY-CL"}  # WikiPron, for a variant of the exercise
ACTIONS = {"actions"}  # GitHub's own
TOOLS = {"jupyter-repo2docker", "uv"}  # which no part of the project imports

ADDRESS = re.compile(r"(?:https?|ssh|git)://(?:[^/\s\"'`@]*@)?(?P<host>[^/\s\"'`:?#)>,]+)")
FORGE = r"(?:github|gitlab)(?:\.(?!io\b)[a-z]+)+|google\.com/github|mybinder\.org/v2/g[hl]"
OWNER = re.compile(rf"(?:{FORGE})[/:](?P<owner>[^/\s\"'`)]+)/[^/\s\"'`)]")
PAGES = re.compile(r"(?P<owner>[^/\s\"'`.]+)\.(?:github|gitlab)\.io\b")
USES = re.compile(r"^\s*(?:-\s*)?uses:\s*[\"']?(?P<owner>[^/\s]+)/", re.MULTILINE)
INSTALL = re.compile(r"\bpip[3x]?\s+(?:install|run|download)\s+(?P<words>[^`\n;&|]+)")
PLACEHOLDER = re.compile(r"OWNER|HOST|HUB|.*[{$].*")  # the last ones are filled in
DATA = (".jsonl", ".safetensors")
VALUED = {"-r", "-e", "-c", "-t", "--target", "--index-url", "--extra-index-url"}


@cache
def answered_for() -> tuple[set[str], set[str]]:
    """Return the hosts and the owners of the bibliography, and of the addresses that are set."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    cited = (BOOK / "references.bib").read_text(encoding="utf-8")
    text = f"{cited} {configured(ROOT)[0]} {config['html']['baseurl']}"
    owners = {*_names(OWNER, "owner", text), *_names(PAGES, "owner", text)}
    return set(_names(ADDRESS, "host", text)), owners


@cache
def dependencies() -> set[str]:
    """Return the packages that the project requires, and all that these bring."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    lines = [line for group in groups for line in group]
    for path in ("requirements.lock", ".binder/requirements.txt"):
        lines += re.findall(r"^[\w.-]+==\S+", (ROOT / path).read_text(encoding="utf-8"), re.M)
    return {canonicalize_name(Requirement(line).name) for line in lines}


def installed(words: str) -> Iterator[str]:
    """Yield the packages that a command names to pip, a direct reference as it stands."""
    try:
        given = iter(shlex.split(words.rstrip("\\"), comments=True))
    except ValueError:  # a quotation mark that belongs to what stands around the command
        given = iter(words.replace('"', " ").replace("'", " ").split())
    for word in given:
        if word in VALUED:
            next(given, None)
        elif not word.startswith(("-", ".", "/", "{", "$")):
            yield word


def is_known(word: str, known: set[str]) -> bool:
    """Tell whether pip takes a package from an address, which is looked at too, or is known."""
    try:
        requirement = Requirement(word)
    except InvalidRequirement:
        return " @ " in word  # to be filled in
    return bool(requirement.url) or canonicalize_name(requirement.name) in known


def of_text(text: str) -> list[str]:
    """Return the strangers in a text."""
    text = re.sub(r"\\+\.", ".", unquote(text))  # as a pattern writes it
    hosts, owners = answered_for()
    known = dependencies() | TOOLS
    faults = [f"host {name}" for name in _names(ADDRESS, "host", text) if name not in HOSTS | hosts]
    for pattern, allowed in ((OWNER, OWNERS | owners), (PAGES, owners), (USES, ACTIONS)):
        unknown = (name for name in _names(pattern, "owner", text) if name not in allowed)
        faults += [f"owner {name}" for name in unknown]
    for command in INSTALL.finditer(text):
        unknown = (word for word in installed(command["words"]) if not is_known(word, known))
        faults += [f"package {word}" for word in unknown]
    return faults


def _names(pattern: re.Pattern[str], group: str, text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        if not PLACEHOLDER.fullmatch(match[group]):
            yield match[group]


def tracked() -> list[str] | None:
    """Return the files that readers and builders get; None in a folder that is not under git."""
    command = ("git", "-C", str(ROOT), "ls-files")
    listing = subprocess.run(command, check=False, capture_output=True, text=True)
    if listing.returncode:
        return None
    names = [name for name in listing.stdout.splitlines() if not name.endswith(DATA)]
    return [name for name in names if not name.startswith(("tests/", "book/references.bib"))]
