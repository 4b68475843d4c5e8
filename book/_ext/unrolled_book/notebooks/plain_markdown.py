"""Write a page, as Sphinx has resolved it, in the plain Markdown that Jupyter and Colab know.

In the tree, `{glue:text}`, `{doc}`, `{cite}` and the like are already resolved. Links lead to the
site, dropdowns become `<details>`, tabs follow one another, and formulas are TeX again. A node
without its own method is written as its contents.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from docutils import nodes
from sphinx.locale import admonitionlabels

SPECIAL = re.compile(r"[\\`*$]|(?<!\w)_|_(?!\w)|<(?=[\w/!?])|&(?=#?\w+;)")
FIRST = re.compile(r"^(?:[#>+-]|\d+(?=[.)]))(?=\s|[.)]\s)")
BAR = re.compile(r"(\\?)\|")
FOOT = {"page-runtime", "paper-link"}  # lines about the site's page


class Cell(NamedTuple):
    """A placeholder for a code cell: its number in the notebook, and whether to fold it."""

    index: int
    folded: bool = False


Block = str | Cell


def escape(text: str) -> str:
    """Return Markdown that shows a text literally, on one line."""
    return SPECIAL.sub(r"\\\g<0>", re.sub(r"\s+", " ", text))


def code_span(text: str) -> str:
    """Return a text as code, whatever backticks it holds."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def fenced(text: str, language: str) -> str:
    """Return a block of code."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{'' if language in ('default', 'none') else language}\n{text.rstrip()}\n{fence}"


def indent(text: str, first: str, rest: str) -> str:
    """Put one prefix before the first line and another before the others."""
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])


def linked(text: str, address: str) -> str:
    """Return a link to a whole address; without one, the text alone."""
    return f"[{text}]({address})" if urlsplit(address).scheme else text


def bar(found: re.Match[str]) -> str:
    """Return the bar of a formula as a command."""
    return r"\Vert " if found[1] else r"\vert "


class Writer:
    """Writes the nodes of one page.

    Args:
        page: the address of the page; one that is not whole is none to lead to from elsewhere.
        image: gives the address of an image from its place in the sources.
        numbers: what numbered things are called, by their id: "Exercise 3".
    """

    def __init__(self, page: str, image: Callable[[str], str], numbers: Mapping[str, str]) -> None:
        self.page = page
        self.image = image
        self.numbers = numbers
        self.level = 0  # of the headings
        self.bars = True  # whether a formula may contain them; in a table they separate columns

    def blocks(self, node: nodes.Node) -> list[Block]:
        """Return the blocks of a node: Markdown, and placeholders for cells."""
        if FOOT.intersection(getattr(node, "attributes", {}).get("classes", ())):
            return []
        write = self._method("block", node)
        if write:
            return [block for block in write(node) if block]
        if isinstance(node, nodes.TextElement | nodes.Text | nodes.Inline):
            return [text] if (text := self.inline(node)) else []
        return self.all_blocks(node)

    def all_blocks(self, node: nodes.Node) -> list[Block]:
        """Return the blocks of all children of a node."""
        return [block for child in node.children for block in self.blocks(child)]

    def inline(self, node: nodes.Node) -> str:
        """Return a node as part of a line."""
        write = self._method("inline", node)
        return write(node) if write else self.spans(node)

    def spans(self, node: nodes.Node) -> str:
        """Return all children of a node as part of a line."""
        return "".join(self.inline(child) for child in node.children)

    def text(self, node: nodes.Node) -> str:
        """Return the blocks of all children of a node as one text; none of them is a cell."""
        return "\n\n".join(str(block) for block in self.all_blocks(node))

    def address(self, node: nodes.Element) -> str:
        """Return the absolute address of a link."""
        return urljoin(self.page, node.get("refuri") or f"#{node.get('refid', '')}")

    def _method(self, kind: str, node: nodes.Node) -> Callable[[nodes.Node], str] | None:
        for cls in type(node).__mro__:
            if method := getattr(self, f"{kind}_{cls.__name__.lower()}", None):
                return method
        return None

    # ---- lines ----

    def inline_text(self, node: nodes.Text) -> str:
        return escape(node.astext())

    def inline_emphasis(self, node: nodes.Element) -> str:
        return f"*{self.spans(node)}*"

    def inline_strong(self, node: nodes.Element) -> str:
        return f"**{self.spans(node)}**"

    def inline_literal(self, node: nodes.Element) -> str:
        return code_span(node.astext())

    def inline_math(self, node: nodes.Element) -> str:
        tex = " ".join((node.get("tex") or node.astext()).split())
        return f"${tex if self.bars else BAR.sub(bar, tex)}$"

    def inline_reference(self, node: nodes.Element) -> str:
        address = quote(self.address(node), safe=":/?#&=%~,;@+!")
        return linked(self.spans(node), address)

    def inline_image(self, node: nodes.Element) -> str:
        alt, address = escape(node.get("alt", "")), self.image(node["uri"])
        return f"![{alt}]({address})" if urlsplit(address).scheme else alt

    def inline_superscript(self, node: nodes.Element) -> str:
        return f"<sup>{self.spans(node)}</sup>"

    def inline_subscript(self, node: nodes.Element) -> str:
        return f"<sub>{self.spans(node)}</sub>"

    def nothing(self, node: nodes.Element) -> str:
        """Leave a node out."""
        return ""

    inline_raw = inline_index = inline_target = inline_comment = inline_sd_tab_input = nothing

    # ---- blocks ----

    def block_comment(self, node: nodes.Element) -> list[Block]:
        return []

    block_toctree = block_sd_tab_input = block_index = block_target = block_comment

    def block_section(self, node: nodes.Element) -> list[Block]:
        self.level += 1
        found = self.all_blocks(node)
        self.level -= 1
        return found

    def block_title(self, node: nodes.Element) -> list[Block]:
        return [f"{'#' * max(self.level, 1)} {self.spans(node)}"]

    def block_paragraph(self, node: nodes.Element) -> list[Block]:
        text = self.spans(node).strip()
        return [FIRST.sub(lambda m: m[0] + "\\" if m[0].isdigit() else "\\" + m[0], text)]

    def block_math_block(self, node: nodes.Element) -> list[Block]:
        tex = (node.get("tex") or node.astext()).strip()
        tex = re.sub(r"\n\s*\n", r" \\\\\n", tex)
        if r"\\" in tex and r"\begin" not in tex:
            tex = f"\\begin{{aligned}}\n{tex}\n\\end{{aligned}}"
        return [f"$$\n{tex}\n$$"]

    def block_literal_block(self, node: nodes.Element) -> list[Block]:
        return [fenced(node.astext(), node.get("language", ""))]

    def block_doctest_block(self, node: nodes.Element) -> list[Block]:
        return [fenced(node.astext(), "python")]

    def block_caption(self, node: nodes.Element) -> list[Block]:
        return [f"**{self.spans(node)}**"]

    block_rubric = block_sd_tab_label = block_caption

    def block_raw(self, node: nodes.Element) -> list[Block]:
        return [f"*This part works on {linked('the page of the site', self.page)}.*"]

    def block_image(self, node: nodes.Element) -> list[Block]:
        return [self.inline_image(node)]

    def block_transition(self, node: nodes.Element) -> list[Block]:
        after = node.next_node(descend=False, siblings=True)
        return ["---"] if after is not None and self.blocks(after) else []

    def block_bullet_list(self, node: nodes.Element) -> list[Block]:
        return ["\n".join(indent(self.text(item), "- ", "  ") for item in node)]

    def block_enumerated_list(self, node: nodes.Element) -> list[Block]:
        items = [(f"{n}. ", self.text(item)) for n, item in enumerate(node, node.get("start", 1))]
        return ["\n".join(indent(text, mark, " " * len(mark)) for mark, text in items)]

    def block_definition_list_item(self, node: nodes.Element) -> list[Block]:
        terms = ", ".join(self.spans(term) for term in node.findall(nodes.term))
        said = "\n\n".join(self.text(child) for child in node.findall(nodes.definition))
        return [f"**{terms}**\n\n{indent(said, '> ', '> ')}"]

    def block_citation(self, node: nodes.Element) -> list[Block]:
        label, *said = node.children
        text = "\n\n".join(str(block) for child in said for block in self.blocks(child))
        return [indent(f"**[{escape(label.astext())}]** {text}", "- ", "  ")]

    def block_block_quote(self, node: nodes.Element) -> list[Block]:
        return [indent(self.text(node), "> ", "> ")]

    def block_admonition(self, node: nodes.Element) -> list[Block]:
        number = "".join(self.numbers.get(name, "") for name in node["ids"])
        if isinstance(node[0], nodes.title):
            title, *body = node.children
            head = number + self.spans(title)
        else:
            body = node.children
            head = number or escape(str(admonitionlabels.get(type(node).__name__, "Note")))
        said = (str(block) for child in body for block in self.blocks(child))
        return [indent("\n\n".join([f"**{head}**", *said]), "> ", "> ")]

    def block_dropdown_main(self, node: nodes.Element) -> list[Block]:
        title, *body = node.children
        return details(self.summary(title), (b for child in body for b in self.blocks(child)))

    block_solution_node = block_dropdown_main

    def summary(self, node: nodes.Node) -> str:
        """Return the title of a fold: as HTML, because Markdown is not read there."""
        if isinstance(node, nodes.math):
            return self.inline_math(node)
        if isinstance(node, nodes.raw):  # an icon
            return ""
        if isinstance(node, nodes.Text):
            return html.escape(node.astext(), quote=False)
        return "".join(map(self.summary, node.children))

    def block_container(self, node: nodes.Element) -> list[Block]:
        if node.get("nb_element") == "cell_code":
            return [Cell(node["cell_index"])]
        return self.all_blocks(node)

    def block_table(self, node: nodes.Element) -> list[Block]:
        title = node.next_node(nodes.title)
        head = [f"**{self.spans(title)}**"] if title is not None else []
        rows = [[self.table_cell(entry) for entry in row] for row in node.findall(nodes.row)]
        if node.next_node(nodes.thead) is None:
            rows.insert(0, [""] * len(rows[0]))
        rows.insert(1, ["---"] * len(rows[0]))
        return [*head, "\n".join(f"| {' | '.join(row)} |" for row in rows)]

    def table_cell(self, entry: nodes.Element) -> str:
        """Return a cell of a table on one line, without a bar."""
        self.bars = False
        text = "<br>".join(str(block) for block in self.all_blocks(entry))
        self.bars = True
        return text.replace("|", r"\|").replace("\n", " ")


def details(summary: str, blocks: Iterable[Block]) -> list[Block]:
    """Fold blocks away; a cell splits the fold, because no markup can span cells of a notebook."""
    groups: list[list[str]] = [[]]
    found: list[Block] = []
    head = summary

    def close() -> None:
        nonlocal head
        if groups[0] or head == summary:
            body = "\n\n".join(groups[0]) or "The next cell holds it, folded."
            found.append(f"<details>\n<summary>{head}</summary>\n\n{body}\n\n</details>")
        groups[0] = []
        head = f"{summary}, continued"

    for block in blocks:
        if isinstance(block, Cell):
            close()
            found.append(block._replace(folded=True))
        else:
            groups[0].append(block)
    if groups[0] or head == summary:
        close()
    return found
