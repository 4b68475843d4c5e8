"""Say in the markup what only the eye could see: for a screen reader, and for whoever checks.

The tools that write the pages leave a few things unsaid or say them wrongly; this step puts them
right where a style sheet cannot.

- A heading of a table says whether it heads its column or its row. An empty one is no heading.
- An entry of a list of sources is an item of that list; `doc-biblioentry` is out of use.
- The side bar is a landmark with a name, and marks the page that one is on.
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
    """Return a part of a table whose headings say what they head."""
    cells = EMPTY_HEADING.sub(r"<td\1></td>", part[0])
    return HEADING.sub(f'<th scope="{SCOPES[part[1]]}"', cells)


def speak(html: str, page: str) -> str:
    """Return a page that says in its markup what it shows."""
    html = PART.sub(head, html)
    for silent, said in SAID.items():
        html = html.replace(silent, said)
    return html
