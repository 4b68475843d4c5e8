"""What the tests of the pages' claims share."""

from places import BOOK


def says(page: str, *sentences: str) -> None:
    """The sentences that a test holds must still stand on the page, such as practice/basic-rnn."""
    text = " ".join((BOOK / f"{page}.md").read_text(encoding="utf-8").split())
    assert [sentence for sentence in sentences if sentence not in text] == []
