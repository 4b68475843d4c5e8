"""What a task is about is known in its own rooms alone."""

import re

from places import PACKAGE, ROOT

SUFFIXES = {".py", ".mjs"}
OWN = ("tasks/pronunciation", "cli/pronunciation", "live/explorer", "unrolled_book/explorer")
TITLE = "grapheme-to-phoneme"  # as sources call it


def test_no_other_room_names_a_phoneme():
    rooms = (PACKAGE, ROOT / "book/live", ROOT / "book/_ext/unrolled_book")
    sources = {p for room in rooms for p in room.rglob("*") if p.suffix in SUFFIXES}
    own = {p for p in sources if any(name in p.as_posix() for name in OWN)}
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if re.search("phoneme", path.read_text("utf-8").replace(TITLE, ""), re.IGNORECASE)
    }
    assert {path.relative_to(ROOT).as_posix() for path in own} & naming, "it would find one"
    assert naming <= {path.relative_to(ROOT).as_posix() for path in own}
