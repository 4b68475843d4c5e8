"""Turn the HTML of the templates into the HTML that is written, for every page.

A step is a function of a page's HTML and its name (`book/theory/rnn`, `search`) that returns HTML.
`STEPS` lists them in order: to add one, write it in its own file and name it here. The policy comes
last, because it lists the scripts that are left.

Steps work on the text: a parser would rewrite a megabyte of formulas and figures, and not quite as
they were. So each looks for what one template or extension writes, and leaves all else alone.

Sphinx asks a template bridge for each page, and writes the result. Here the bridge applies the
steps first, so a page is written once and in its final form. A bridge also says when the templates
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
    """Sphinx's own templates, followed by the steps."""

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        """Return a finished page; the parts that a theme requests are left unchanged."""
        html = super().render(template, context)
        whole = html.lstrip()[:9].lower() == "<!doctype"
        return finish(html, context["pagename"]) if whole else html

    def newest_template_mtime(self) -> float:
        """Return when a template or a step last changed."""
        files = {__file__, *(inspect.getfile(step) for step in STEPS)}
        return max(super().newest_template_mtime(), *(Path(f).stat().st_mtime for f in files))


def use_templates(app: Any, config: Any) -> None:
    """Make Sphinx render its pages with this bridge."""
    config.template_bridge = f"{__name__}.{Templates.__name__}"


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("config-inited", use_templates)
