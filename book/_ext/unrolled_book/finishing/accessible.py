"""Make the markup accessible: say to a screen reader what is otherwise only visible.

The tools that write the pages leave out a few things or get them wrong; this step corrects them
where a style sheet cannot.

- A table heading says whether it heads its column or its row. An empty one is not a heading.
- An entry in a list of sources is an item of that list; `doc-biblioentry` is deprecated.
- The side bar is a landmark with a name, and marks the current page.
- sphinx-exercise gives all exercises of a page the same id.
"""

import re

PART = re.compile(r"<(thead|tbody)\b.*?</\1>", re.DOTALL)
HEADING = re.compile(r"<th\b(?![^>]*\bscope=)")
EMPTY_HEADING = re.compile(r"<th\b([^>]*)>(\s|&nbsp;|&#160;|<p>\s*</p>)*</th>")
SCOPES = {"thead": "col", "tbody": "row"}
SAID = {
    'role="doc-biblioentry"': 'role="listitem"',
    ' id="exercise-content"': "",
    ' id="solution-content"': "",
    '<a class="current reference internal" href="#"': (
        '<a class="current reference internal" href="#" aria-current="page"'
    ),
    '<div id="pst-primary-sidebar"': (
        '<div id="pst-primary-sidebar" role="complementary" aria-label="Book"'
    ),
}


def head(part: re.Match[str]) -> str:
    """Return a part of a table, its headings marked as those of columns or rows."""
    cells = EMPTY_HEADING.sub(r"<td\1></td>", part[0])
    return HEADING.sub(f'<th scope="{SCOPES[part[1]]}"', cells)


def speak(html: str, page: str) -> str:
    """Return a page with accessible markup."""
    html = PART.sub(head, html)
    for silent, said in SAID.items():
        html = html.replace(silent, said)
    return html
