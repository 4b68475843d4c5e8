"""Hands the missing runs of a suite to a Ray cluster, each as one task; records them here.

A machine of the cluster trains as `runner.work` does on one, in its own cache folder, and knows no
store: the row comes back to the process that asked for it, which alone records it. Ray, the
optional extra `cluster`, is imported only when a cluster is asked for.
"""

import hashlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

import unrolled
from unrolled import training
from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.experiments import runner
from unrolled.experiments.run import Run
from unrolled.files import atomic_write
from unrolled.models import saved
from unrolled.tasks.pronunciation.cache import cache_folder

RETRIES = 3  # of a run whose machine is lost
PATIENCE = 60  # seconds in which the processes of a lost machine must have ended
LOOK_AGAIN = 5  # seconds until machines that came or went are counted


def work(
    suite: str, folder: Path, address: str, console: Console | None = None
) -> Iterator[dict[str, Any]]:
    """Does every missing run on a Ray cluster and yields its row once that is recorded.

    As many runs are under way as the cluster has processors, each on one thread. A run whose
    machine is lost is done again on another. When this process is stopped, what a run has done
    stays on its machine and goes on from its last epoch when that machine gets the run again. A
    run that was begun without a cluster begins anew on it.

    Args:
        suite: a name of `suite.SUITES`.
        folder: where runs are claimed, as in `runner.work`: both may work at once.
        address: HOST:PORT of the cluster's head. This machine must be one of the cluster.
        console: where it says which run is handed out; None says nothing.

    Raises:
        UserError: as in `runner.work`; or there is no Ray, no such cluster, another version of
            this package on a machine, or a run was lost too often.
    """
    todo, folder = runner.prepared(suite, folder)
    claims, at = _claimed(todo, suite, folder), runner.commit()
    tasks = _Tasks(_connected(address), suite)
    try:
        while (started := list(islice(claims, tasks.free()))) or tasks.under_way:
            for run, claim in started:
                if (row := runner.elsewhere(run)) is not None:
                    with claim:
                        _record(suite, run, row, None, folder)
                        yield row
                    continue
                tasks.start(run, claim)
                if console is not None:
                    console.print(f"{run.name} ({run.budget})  handed out")
            for run, claim, done in tasks.ended():
                with claim, suppress(saved.BusyError):
                    result = tasks.result(run, done)
                    row = {**result["row"], "commit": at}
                    _record(suite, run, row, result["checkpoint"], folder)
                    tasks.tidy(run, result["node"])
                    yield row
    finally:
        tasks.stop()


def _claimed(todo: list[Run], suite: str, folder: Path) -> Iterator[tuple[Run, ExitStack]]:
    """The runs that no other process works at or has recorded, each with the claim to it."""
    for run in todo:
        with suppress(saved.BusyError), ExitStack() as claim:
            claim.enter_context(saved.reserved(runner.unfinished(run, folder)))
            if run in runner.missing(suite):
                yield run, claim.pop_all()


def _record(
    suite: str, run: Run, row: dict[str, Any], checkpoint: bytes | None, folder: Path
) -> None:
    path = runner.unfinished(run, folder)
    if checkpoint is not None:
        with atomic_write(path) as file:
            file.write(checkpoint)
    runner.record(suite, run, row, folder)
    training.partial(path).unlink(missing_ok=True)  # it may have been begun here


def _connected(address: str) -> Any:
    """Ray, connected to a cluster.

    Raises:
        UserError: Ray is not installed, or no cluster of its version answers at the address.
    """
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")  # it would try for a quarter of an hour
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise UserError('ray is not installed; run `pip install "unrolled[cluster]"`') from None
    try:
        where = urlsplit(f"//{address}")
        if not where.hostname or where.port is None:
            raise ValueError("it is not HOST:PORT")
        socket.create_connection((where.hostname, where.port), timeout=10).close()
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            f"no Ray cluster to work with at {address}: {error}; start one by "
            "`ray start --head` and give the address that it prints"
        ) from None
    return ray


class _Tasks:
    """What a cluster has been given to do for a suite."""

    def __init__(self, ray: Any, suite: str) -> None:
        self.ray, self.suite, self.code = ray, suite, fingerprint()
        self.under_way: dict[Any, tuple[Run, ExitStack]] = {}
        self._tidied: list[Any] = []
        self._train = ray.remote(num_cpus=1, max_retries=RETRIES)(_shipped("train"))
        self._tidy = ray.remote(num_cpus=0, max_retries=0)(_shipped("tidy"))

    def free(self) -> int:
        """How many more runs the cluster has processors for; always one if it has no run."""
        processors = int(self.ray.cluster_resources().get("CPU", 0))
        return max(processors - len(self.under_way), 0 if self.under_way else 1)

    def start(self, run: Run, claim: ExitStack) -> None:
        done = self._train.remote(self.code, self.suite, _plain(run))
        self.under_way[done] = run, claim

    def ended(self) -> Iterator[tuple[Run, ExitStack, Any]]:
        """Those that have ended in the next seconds, if any."""
        waiting = list(self.under_way)
        for done in self.ray.wait(waiting, timeout=LOOK_AGAIN)[0] if waiting else ():
            yield (*self.under_way.pop(done), done)

    def result(self, run: Run, done: Any) -> dict[str, Any]:
        errors = self.ray.exceptions
        try:
            result = self.ray.get(done)
        except errors.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            raise UserError(f"the cluster has lost {run.name}: {error}") from None
        if "refused" in result:
            raise UserError(result["refused"])
        return result

    def tidy(self, run: Run, node: str) -> None:
        """Lets the machine that did a run forget it."""
        there = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        tidy = self._tidy.options(scheduling_strategy=there)
        self._tidied.append(tidy.remote(self.code, self.suite, _plain(run)))

    def stop(self) -> None:
        for done, (_, claim) in self.under_way.items():
            self.ray.cancel(done, force=True)
            claim.close()
        if self._tidied:
            self.ray.wait(self._tidied, num_returns=len(self._tidied), timeout=LOOK_AGAIN)
        self.ray.shutdown()


def _plain(run: Run) -> dict[str, Any]:
    """A run in types of Python alone: it is read before the versions are compared."""
    return {**asdict(run), "budget": run.budget.value}


def _shipped(name: str) -> Callable[..., dict[str, Any]]:
    """A function of this module as a task.

    Ray carries a function within a function as it is, not by its name. So it can say what is
    wrong on a machine where this package is another, or is not.
    """

    def task(code: str, suite: str, run: dict[str, Any]) -> dict[str, Any]:
        os.environ["OMP_NUM_THREADS"] = "1"  # no framework is imported yet
        try:
            from unrolled.experiments import cluster

            there = cluster.fingerprint()
        except (ImportError, AttributeError):
            there = "none"
        if there != code:
            host = socket.gethostname()
            return {
                "refused": f"the code of unrolled on {host} is not the same as here; install the "
                "same version on every machine of the cluster"
            }
        return getattr(cluster, name)(code, suite, run)

    return task


def fingerprint() -> str:
    """A hash of the package's code, the same on every system."""
    package = Path(unrolled.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py"), key=lambda file: file.relative_to(package).parts):
        digest.update(repr((file.relative_to(package).parts, file.read_text("utf-8"))).encode())
    return digest.hexdigest()[:16]


def train(code: str, suite: str, run: dict[str, Any]) -> dict[str, Any]:
    """On a machine of the cluster: trains a run, or finishes what is left of it there."""
    import ray

    wanted, folder = _here(code, suite, run)
    path = runner.unfinished(wanted, folder)
    with saved.reserved(path, wait=PATIENCE):
        row = runner.execute(wanted, folder)
        return {
            "row": row,
            "checkpoint": path.read_bytes() if wanted.kept else None,
            "node": ray.get_runtime_context().get_node_id(),
        }


def tidy(code: str, suite: str, run: dict[str, Any]) -> dict[str, Any]:
    """On the machine that did a run: removes it, for it is recorded."""
    path = runner.unfinished(*_here(code, suite, run))
    with suppress(saved.BusyError), saved.reserved(path):
        path.unlink(missing_ok=True)
    return {}


def _here(code: str, suite: str, run: dict[str, Any]) -> tuple[Run, Path]:
    folder = cache_folder() / "experiments" / code / suite
    return Run(**{**run, "budget": Budget(run["budget"])}), folder
