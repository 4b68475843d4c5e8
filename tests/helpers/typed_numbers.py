"""Find numbers that look measured in the prose of a page.

A decimal or a percentage in running text is a claim. It belongs behind `{glue}`, so that it cannot
drift from the result, or it is given by a source: then its line carries `{cite}` or `% given`.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

NUMBER = re.compile(r"(?<![\w.])(?:\d*\.\d+(?!\w|\.\d)|\d+(?:\.\d+)?\s?(?:%|per ?cent\b))")
GIVEN = re.compile(r"\{cite|% given\b")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:.-]+)\}")
OPTION = re.compile(r"^(:[\w-]+:.*|---)$")
NOT_PROSE = {"bibliography", "code-cell", "code", "code-block", "literalinclude", "math", "mermaid"}

PARSER = MarkdownIt("commonmark").enable("table")
for plugin in (
    amsmath_plugin,
    colon_fence_plugin,
    deflist_plugin,
    dollarmath_plugin,
    front_matter_plugin,
    myst_block_plugin,
    myst_role_plugin,
):
    PARSER.use(plugin)


def typed_numbers(text: str, first: int = 1) -> Iterator[tuple[int, str]]:
    """Yield the line number and the line of each number typed into the prose of a MyST page."""
    lines = text.splitlines()
    start, given = 0, False
    for token in PARSER.parse(text):
        start = token.map[0] if token.map else start
        if token.type in ("fence", "colon_fence"):
            yield from in_directive(token, first + start)
        elif token.type == "inline":
            for number, prose in enumerate(plain_lines(token), start):
                if NUMBER.search(prose) and not given and not GIVEN.search(lines[number]):
                    yield first + number, lines[number].strip()
        if token.level == 0 and token.nesting != 1:  # a comment tells of the block that follows it
            given = token.type == "myst_line_comment" and token.content.split()[:1] == ["given"]


def in_directive(token: Token, first: int) -> Iterator[tuple[int, str]]:
    """Yield the numbers in the title and the body of a directive that holds prose."""
    directive = DIRECTIVE.match(token.info.strip())
    if directive and directive["name"] not in NOT_PROSE:
        title = token.info.strip()[directive.end() :].strip()
        body = ["" if OPTION.match(line) else line for line in token.content.splitlines()]
        yield from typed_numbers("\n".join([title, *body]), first)


def plain_lines(token: Token) -> Iterator[str]:
    """Yield the source lines of a block, without code, mathematics, roles and addresses."""
    line = ""
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            yield line
            line = ""
        else:
            line += child.content if child.type in ("text", "image") else " "
    yield line
