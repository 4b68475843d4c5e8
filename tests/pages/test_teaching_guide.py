"""The teachers' page: the guide adds up and fits the exercise, the plans fill their sessions."""

import re
from functools import partial
from pathlib import Path

import claims
import pages
import pytest
import site_checks
import site_links
from places import BOOK

PAGE = (BOOK / "teaching.md").read_text(encoding="utf-8")
GUIDE = PAGE.split("\n## Marking guide\n")[1].split("\n## ")[0]
EXERCISE = PAGE.split("\n### Data and rules\n")[1].split("\n## ")[0]
ASKED = {  # what the exercise says of each criterion of the guide
    "the recurrence with shapes": "say why the number of its weights does not grow",
    "a window has a fixed reach": "over a window and one over a bag of letters cannot do",
    "three steps forward by hand": "passes back to the weights that all steps share",
    "a product of Jacobians": "why that gradient vanishes or explodes over many steps",
    "layers compute more": "what goes wrong with it, and what is done against that?",
    "answers may depend on all": "What does each bring that the other does not",
    "three choices": "One of the three is due before the input ends",
    "a recurrent part and a part": "What makes an architecture a hybrid?",
    "three families: picture": "Draw and describe three of them",
    "when the plain network lacks": "When would you leave it out?",
    "the five shapes with an example": "by shape, with an example for each of the five",
    "four cells": "how they differ from the plain one, and what that does to memory or to speed",
    "a choice from how far back": "by how far back it reaches and how fast training must be",
    "words held out by family": "so that no relative of a test word is trained on",
    "a tagger that trains": "with the shape of the tensor at each step",
    "the state of one word drawn": "Show its state over one word, and explain where it must fail",
    "the notebook runs": "from its first cell to its last, and tells seeds, versions and",
    "two layers or more": "Stack it",
    "two directions with both states": "let it read both ways; then do both",
    "equal parameters, three seeds": "over three seeds at least, and show how far they spread",
    "direction shows what comes next": "Show words on which the networks differ",
    "the part works and is shown": "what the filter sees, where the attention looks, or what the",
    "errors and time": "at the same size, in errors and in time",
    "the report: a question": "results with intervals in one table and one figure",
}
HEADING = re.compile(r"^### (.+) \((\d+) points\)$", re.MULTILINE)
says = partial(claims.says, "teaching")


def guide_faults(guide: str, total: int) -> list[str]:
    """Points that do not add up, and criteria that say less than the others."""
    _, *parts = HEADING.split(guide)
    faults, whole = [], 0
    for name, points, table in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:1] == "|"]
        criteria = [row for row in rows if row[0].isdigit()]
        whole += int(points)
        if sum(int(row[0]) for row in criteria) != int(points):
            faults.append(f"{name} does not add up to {points}")
        faults += [f"{name}: {row}" for row in criteria if len(row) != 4 or not all(row)]
        faults += [f"{name}: {row}" for row in criteria if not re.search(r"\]\(|\{ref\}", row[-1])]
    return faults if whole == total else [*faults, f"{whole} points, not {total}"]


def test_the_points_add_up_and_each_criterion_is_settled_somewhere():
    says("The points add up to a hundred.")
    assert guide_faults(GUIDE, 100) == []


ROW = "| 3 | an answer | an error | {ref}`x` |\n"


@pytest.mark.parametrize(
    "guide",
    [
        f"### Question 1 (4 points)\n\n{ROW}",
        f"### Question 1 (3 points)\n\n{ROW}",
        "### Question 1 (5 points)\n\n| 5 | an answer | {ref}`x` |\n",
        "### Question 1 (5 points)\n\n| 5 | an answer | an error | the chapter |\n",
    ],
)
def test_a_guide_with_a_fault_is_found(guide):
    assert guide_faults(f"### Question 1 (3 points)\n\n{ROW}", 3) == []
    assert guide_faults(guide, 5)


def test_the_guide_follows_the_exercise():
    part_1, part_2 = PAGE.split("\n### Part 1: theory\n")[1].split("\n### Part 2: practice\n")
    part_2 = part_2.split("\n## ")[0]
    asked = [f"Question {n}" for n in re.findall(r"^(\d)\. ", part_1, re.MULTILINE)]
    asked += [f"Task {n}" for n in re.findall(r"^(\d)\. ", part_2, re.MULTILINE)]
    assert asked == [name for name, _ in HEADING.findall(GUIDE)]


def criteria(guide: str) -> list[str]:
    """What is paid for, row by row."""
    return re.findall(r"^\| \d+ \| ([^|]+) \|", guide, re.MULTILINE)


def unasked(guide: str, exercise: str) -> list[str]:
    """The criteria of the guide whose sentence does not stand in the exercise."""
    text = " ".join(exercise.split())
    asked = [sentence for start, sentence in ASKED.items() if sentence in text]
    starts = [start for start, sentence in ASKED.items() if sentence in asked]
    return [one for one in criteria(guide) if not one.startswith(tuple(starts))]


def test_the_guide_pays_only_for_what_the_exercise_asks():
    assert len(criteria(GUIDE)) == len(ASKED)
    assert unasked(GUIDE, EXERCISE) == []


def test_a_criterion_that_nobody_asked_for_is_found():
    sentence = "Show words on which the networks differ"
    assert len(unasked(GUIDE, EXERCISE.replace(sentence, ""))) == 1
    assert unasked(f"{GUIDE}\n| 3 | a poem | none | x |", EXERCISE) == ["a poem"]


def test_the_exercise_names_the_points_of_the_guide():
    named = re.findall(r"^\d\. \*\*[^*]+\*\* \((\d+) points\)", EXERCISE, re.MULTILINE)
    assert named == [points for _, points in HEADING.findall(GUIDE)]


def minutes(plan: str) -> list[int]:
    """How long each session of a plan takes."""
    rows = [line for line in plan.splitlines() if " min: " in line and line[:1] == "|"]
    return [sum(map(int, re.findall(r"(\d+) min:", row))) for row in rows]


def test_the_minutes_of_each_session_add_up():
    assert minutes("| 1 | x | 30 min: this; 20 min: that | |\n") == [50]
    four_weeks, two_days = PAGE.split("### Four weeks")[1].split("\n### Two days")
    says("two sessions of ninety minutes each", "four half-days of three hours each")
    assert minutes(four_weeks) == [90] * 8
    assert minutes(two_days.split("\n## ")[0]) == [180] * 4


def test_every_link_of_the_page_leads_to_its_place(site: Path) -> None:
    soup = site_checks.parse(site / "book" / "teaching.html")
    faults = site_links.faults(site_links.built(site))
    assert [fault for fault in faults if fault.startswith("book/teaching.html")] == []
    rows = [row.select("td") for row in soup.select("#marking-guide tr")]
    settled = [cells[3] for cells in rows if cells]
    assert len(settled) == len(re.findall(r"^\| \d+ \|", GUIDE, re.MULTILINE))
    assert [cell for cell in settled if not cell.select('a[href*="#"]')] == []


def test_both_courses_hand_in_everything():
    four_weeks = PAGE.split("### Four weeks")[1].split("### Two days")[0]
    for part in ("question 1", "question 2", "question 3", "question 4", "task 1", "task 2"):
        assert part in four_weeks
    assert "task 3" in four_weeks
    exercises = re.findall(r"\{ref\}`([\w-]+)`", PAGE.split("## Plans")[1].split("\n## ")[0])
    labels = "\n".join(p.read_text(encoding="utf-8") for p in pages.notebooks(BOOK))
    assert [name for name in exercises if f":label: {name}\n" not in labels] == []
