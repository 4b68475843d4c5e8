"""Recall: sequences drawn by a rule, whose targets cannot be predicted without memory."""

from unrolled.tasks.recall.sequences import RULES, Rule
from unrolled.tasks.recall.task import RecallTask
from unrolled.tasks.task import Saved

TASK, SAVED = RecallTask, Saved

__all__ = ["RULES", "SAVED", "TASK", "RecallTask", "Rule", "Saved"]
