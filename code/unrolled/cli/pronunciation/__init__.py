"""The commands on words and how they are said: `unrolled evaluate`, `score`, `pronounce`..."""

from unrolled.cli.pronunciation import data, evaluate, pronounce, score

__all__ = ["data", "evaluate", "pronounce", "score"]
