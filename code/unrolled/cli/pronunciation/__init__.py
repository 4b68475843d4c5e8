"""The commands on words and their pronunciation: `unrolled evaluate`, `pronounce`, `data`."""

from unrolled.cli.pronunciation import data, evaluate, pronounce

__all__ = ["data", "evaluate", "pronounce"]
