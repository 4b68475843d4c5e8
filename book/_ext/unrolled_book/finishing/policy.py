"""Give each page a content security policy that a static host can carry: a tag in its head.

Only what belongs to the site is allowed. The only scripts that run are files of the site and the
few inline ones of the theme, each named by its hash: an inline script that got in some other way
does not run, nor does an event handler in an attribute. Style elements are named by their hashes
as well. Style attributes are allowed: Matplotlib puts them on each line of a figure, Sphinx and
Markdown on the cells of tables, and an attribute can neither select nor send anything.
"""

import base64
import hashlib
import re

SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
HEAD = re.compile(r'<head>\s*<meta charset="utf-8" ?/?>')
MODE = re.compile(r'<script data-cfasync="false">.*?</script>', re.DOTALL)
ROOT = re.compile(r'<html[^>]* data-content_root="([^"]*)"')
ACTIONS = {"toggleFullScreen()": "full-screen", "window.print()": "print"}  # of the theme


def name_actions(html: str, page: str) -> str:
    """Replace the theme's inline event handlers with names that `actions.js` listens for."""
    for code, name in ACTIONS.items():
        html = html.replace(f'<button onclick="{code}"', f'<button data-action="{name}"')
    return html


def set_mode_first(html: str, page: str) -> str:
    """Replace the theme's inline script with `mode.js`, which also knows the system's mode."""
    root = ROOT.search(html)
    script = f'<script src="{root[1] if root else ""}_static/mode.js"></script>'
    return MODE.sub(script, html, count=1)


def hashes(pattern: re.Pattern[str], html: str) -> list[str]:
    """Return the hashes of the elements that a pattern finds, for a policy; each once, in order."""
    found = [hashlib.sha256(code.encode()).digest() for code in pattern.findall(html)]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in dict.fromkeys(found)]


def policy(html: str) -> str:
    """Return the policy for a page as it stands."""
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *hashes(SCRIPT, html)],
        "style-src": ["'self'", "'unsafe-inline'"],  # for browsers without the two rules below
        "style-src-elem": ["'self'", *hashes(STYLE, html)],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:"],  # the theme's style sheets contain small pictures
        "font-src": ["'self'", "data:"],  # the icons are inside the theme's style sheet
        "connect-src": ["'self'"],  # the search reads pages, the explorer its weights
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())


def protect(html: str, page: str) -> str:
    """Put the policy before everything that it governs, and tell other sites only our origin.

    Raises:
        ValueError: the head does not begin as the theme writes it.
    """
    head = HEAD.match(html, html.find("<head>"))
    if head is None:
        raise ValueError(f"{page}: no <head> that begins with the encoding, so no policy either")
    tags = (
        f'\n    <meta http-equiv="Content-Security-Policy" content="{policy(html)}" />'
        '\n    <meta name="referrer" content="strict-origin-when-cross-origin" />'
    )
    return html[: head.end()] + tags + html[head.end() :]
