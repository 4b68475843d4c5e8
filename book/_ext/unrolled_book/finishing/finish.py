"""Take every page from the HTML of the templates to the HTML that is written.

A step is a function of a page's HTML and its name (`book/theory/rnn`, `search`) that returns HTML.
`STEPS` lists them in order: to add one, write it in a file of its own and name it here. The policy
stands last, for it counts the scripts that are left.

Steps work on the text: a parser would write a megabyte of formulas and figures anew, and not quite
as it was. So each looks for what one template or extension writes, and leaves all else alone.

Sphinx asks a bridge for each page, and writes what it gets. Here the bridge takes the steps before
it answers, so a page is written once and in its final form. A bridge also says when the templates
last changed; the files of the steps count among them, so that a change in one reaches every page.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.jinja2glue import BuiltinTemplateLoader

from unrolled_book.finishing import accessible, lean, policy
from unrolled_book.writing import formulas

STEPS: tuple[Callable[[str, str], str], ...] = (
    lean.leave_out_scripts,
    formulas.tie,
    accessible.speak,
    policy.set_mode_first,
    policy.name_actions,
    policy.protect,
)


def finish(html: str, page: str) -> str:
    """Return a page after all steps."""
    for step in STEPS:
        html = step(html, page)
    return html


class Templates(BuiltinTemplateLoader):
    """Sphinx's own templates, with the steps behind them."""

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        """Return a finished page; the parts that a theme asks for are left as they are."""
        html = super().render(template, context)
        whole = html.lstrip()[:9].lower() == "<!doctype"
        return finish(html, context["pagename"]) if whole else html

    def newest_template_mtime(self) -> float:
        """Return when a template or a step last changed."""
        files = {__file__, *(inspect.getfile(step) for step in STEPS)}
        return max(super().newest_template_mtime(), *(Path(f).stat().st_mtime for f in files))


def use_templates(app: Any, config: Any) -> None:
    """Let Sphinx ask for its pages here."""
    config.template_bridge = f"{__name__}.{Templates.__name__}"


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("config-inited", use_templates)
