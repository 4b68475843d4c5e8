"""The policy in the head of each page, and what is done so that it can be strict."""

import base64
import hashlib
from pathlib import Path

import pytest
import small_site
from places import BOOK
from unrolled_book.finishing import finish, policy

PAGE = """<!DOCTYPE html>
<html lang="en" data-content_root="../../" >
  <head>
    <meta charset="utf-8" />
    <title>T</title>
    <script data-cfasync="false">
    document.documentElement.dataset.mode = localStorage.getItem("mode") || "";
    </script>
    <noscript><style>p { color: red }</style></noscript>
    <script src="../../_static/a.js"></script>
    <script>let a = "ä";</script>
  </head>
  <body><p style="color: red">T</p><button onclick="window.print()">T</button></body>
</html>
"""


def digest(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def rules(html: str) -> dict[str, list[str]]:
    """The policy of a page, taken apart."""
    content = html.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    return {name: sources for name, *sources in (rule.split() for rule in content.split(";"))}


def test_a_page_allows_its_own_files_and_its_inline_scripts_by_hash() -> None:
    directives = rules(policy.protect(PAGE, "page"))
    assert directives["default-src"] == ["'none'"]
    mode = PAGE.split('<script data-cfasync="false">')[1].split("</script>")[0]
    assert directives["script-src"] == ["'self'", digest(mode), digest('let a = "ä";')]
    assert directives["style-src-elem"] == ["'self'", digest("p { color: red }")]
    assert directives["base-uri"] == ["'none'"]
    assert directives["form-action"] == directives["connect-src"] == ["'self'"]


def test_no_rule_lets_scripts_or_other_hosts_in() -> None:
    directives = rules(policy.protect(PAGE, "page"))
    loose = {name for name, sources in directives.items() if "'unsafe-inline'" in sources}
    assert loose == {"style-src", "style-src-attr"}
    sources = {source for sources in directives.values() for source in sources}
    allowed = {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert {source for source in sources if not source.startswith("'sha256-")} == allowed


def test_an_inline_script_that_stands_twice_is_named_once() -> None:
    twice = "<script>a()</script><style>b</style><script>a()</script>"
    assert policy.hashes(policy.SCRIPT, twice) == [digest("a()")]


def test_the_policy_stands_before_all_that_it_governs() -> None:
    html = policy.protect(PAGE, "page")
    assert html.index('charset="utf-8"') < html.index("Content-Security") < html.index("<title>")
    assert '<meta name="referrer" content="strict-origin-when-cross-origin" />' in html
    assert (
        html.replace(html[html.index("\n    <meta http") : html.index("\n    <title>")], "") == PAGE
    )


def test_a_page_without_a_place_for_the_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="book/a: no <head>"):
        policy.protect("<!DOCTYPE html><html><head><title>T</title></head></html>", "book/a")


def test_handlers_of_the_theme_become_names_that_the_script_knows() -> None:
    html = policy.name_actions('<button onclick="toggleFullScreen()" title="T">', "page")
    assert html == '<button data-action="full-screen" title="T">'
    script = (BOOK / "_static" / "actions.js").read_text(encoding="utf-8")
    assert all(f"{name}:" in script or f'"{name}":' in script for name in policy.ACTIONS.values())


def test_the_mode_is_set_by_a_file() -> None:
    html = policy.set_mode_first(PAGE, "page")
    assert '<script src="../../_static/mode.js"></script>\n    <noscript>' in html
    assert "localStorage" not in html


def test_a_page_takes_all_steps_and_the_policy_is_that_of_its_final_form() -> None:
    html = finish.finish(PAGE, "page")
    assert rules(html)["script-src"] == ["'self'", digest('let a = "ä";')]
    assert 'data-action="print"' in html
    assert finish.STEPS[-1] is policy.protect


def test_only_whole_pages_are_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"page.html": "\n\n<!DOCTYPE html>" + PAGE[15:], "part.html": "<script>a()</script>"}
    monkeypatch.setattr(
        finish.BuiltinTemplateLoader, "render", lambda self, template, context: given[template]
    )
    templates = finish.Templates()
    context = {"pagename": "page"}
    assert "Content-Security-Policy" in templates.render("page.html", context)
    assert templates.render("part.html", context) == given["part.html"]


def test_pages_are_written_anew_when_a_step_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish.BuiltinTemplateLoader, "newest_template_mtime", lambda self: 1.0)
    changed = Path(policy.__file__).stat().st_mtime
    assert finish.Templates().newest_template_mtime() >= changed


def test_the_root_leads_to_the_front_page(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.rst").write_text("Front\n=====\n", encoding="utf-8")
    warnings = small_site.build(
        tmp_path,
        extensions=["unrolled_book.finishing.finish"],
        html_additional_pages={"index": "front-door.html"},
        language="en",
        project="A & B",
        root_doc="book/index",
        templates_path=[str(BOOK / "_templates")],
    )
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert warnings == ""
    assert 'content="0; url=book/index.html"' in html
    assert '<a href="book/index.html">A &amp; B</a>' in html
    assert rules(html)["script-src"] == ["'self'"]
