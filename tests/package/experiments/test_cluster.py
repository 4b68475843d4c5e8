"""The recorded runs on a Ray cluster: two nodes on this machine, of which one is killed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import unrolled
from unrolled import cli, packages
from unrolled.experiments import cluster, runner, store, suite
from unrolled.models import saved
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import cache

INSTALLED = find_spec("ray") is not None
assert INSTALLED or sys.platform != "linux", "Ray is in requirements.lock; `make env` installs it"

# An error line that says what, and no more.
REFUSED = {
    "nonsense": "it is not HOST:PORT",
    "ray://127.0.0.1:10001": "it is not HOST:PORT",
    "127.0.0.1:port": "Port could not be cast",
    "127.0.0.1:{closed}": "refused",
}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book without results, and a suite of three runs."""
    monkeypatch.setattr(store, "FOLDER", tmp_path / "results")
    runs = tuple(suite.Run("basic", "elman", "pytorch", seed) for seed in range(3))
    monkeypatch.setitem(suite.SUITES, "basic", runs)
    return tmp_path


def ask(folder: Path, address: str) -> int:
    where = ["--folder", str(folder / "unfinished")]
    return cli.main(["experiments", "run", "basic", *where, "--ray", address])


@pytest.mark.skipif(not INSTALLED, reason="Ray has no wheel for this system")
@pytest.mark.parametrize("address", REFUSED)
def test_a_wrong_address_is_the_users_mistake(empty, capsys, address):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens
        given = address.format(closed=closed.getsockname()[1])
        assert ask(empty, given) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: no Ray cluster to work with at {given}: ")
    assert REFUSED[address] in line
    assert "start one by `ray start --head`" in line


def test_without_ray(empty, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert ask(empty, "127.0.0.1:6379") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"error: {packages.not_installed('ray')}"
    assert line.startswith('error: ray is not installed; run `pip install "ray>=')


def test_ray_is_imported_for_a_cluster_alone():
    code = (
        "import sys, unrolled, unrolled.cli, unrolled.experiments.cluster;"
        "sys.exit('ray' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_others_work_at_or_have_recorded_is_not_claimed(empty):
    todo, folder = runner.prepared("basic", empty / "unfinished")
    first, second, third = todo
    claims = cluster._claimed(todo, "basic", folder)
    run, claim = next(claims)
    assert run == first
    with saved.reserved(runner.unfinished(second, folder)), claim:
        with pytest.raises(saved.BusyError), saved.reserved(runner.unfinished(first, folder)):
            pass
        assert next(claims)[0] == third
    assert list(claims) == []
    with saved.reserved(runner.unfinished(first, folder)):
        pass  # given up


def test_another_code_is_another_fingerprint(tmp_path, monkeypatch):
    fingerprint = cluster.fingerprint()
    package = tmp_path / "unrolled"
    shutil.copytree(Path(unrolled.__file__).parent, package)
    monkeypatch.setattr(unrolled, "__file__", str(package / "__init__.py"))
    assert cluster.fingerprint() == fingerprint
    file = package / "decoding.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))  # as git may do on Windows
    assert cluster.fingerprint() == fingerprint
    file.rename(package / "other.py")
    assert cluster.fingerprint() != fingerprint


def test_another_code_is_refused_where_it_runs(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as the task sets it
    refused = cluster._shipped("train")("other", "basic", {})["refused"]
    assert refused.startswith(f"the code of unrolled on {socket.gethostname()} is not the same")


# Two nodes, each with a cache of its own as if on two machines. A line of input kills the second.
NODES = """
import os
import sys

folder, os.environ["RAY_TMPDIR"] = sys.argv[1:]
from ray.cluster_utils import Cluster

common = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
node = lambda name: {**common, "env_vars": {"UNROLLED_CACHE": f"{folder}/{name}"}}
cluster = Cluster(True, head_node_args={**node("head"), "include_dashboard": False})
second = cluster.add_node(**node("second"))
print(cluster.address, flush=True)
sys.stdin.readline()
cluster.remove_node(second, allow_graceful=False)
print("killed", flush=True)
sys.stdin.readline()
cluster.shutdown()
"""
# Works through suites of tiny runs as a user does. One diverges; one is asked for by other code.
DRIVER = """
import signal
import sys
from pathlib import Path
from unrolled import cli
from unrolled.experiments import cluster, store, suite

folder, address, *suites = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest may have been told to ignore it
store.FOLDER = Path(folder) / "results"
store.FOLDER.mkdir(exist_ok=True)

def run(seed, **recipe):
    recipe = {"epochs": 120, "sample": 300, **recipe}  # seconds, wherever it runs
    return suite.Run("basic", "elman", "pytorch", seed, {"hidden_size": 16}, recipe, kept=seed == 0)

suite.SUITES.clear()
suite.SUITES["basic"] = tuple(run(seed) for seed in range(3))
suite.SUITES["diverging"] = (run(3, learning_rate=1e38, optimizer="sgd", schedule="constant"),)
suite.SUITES["other"] = (run(4),)
for name in suites:
    if name == "other":
        cluster.fingerprint = lambda: "other"
    where = ["--folder", f"{folder}/unfinished"]
    print(cli.main(["experiments", "run", name, *where, "--ray", address]), flush=True)
"""
NAMES = [f"basic-elman-pytorch-{seed}" for seed in range(3)]
PATIENCE = 240  # seconds; most of them pass only where other programs are busy
QUIET = {
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on every system: keeps to 127.0.0.1
}


@contextmanager
def started(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, env={**os.environ, **QUIET}, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()  # does nothing if it has ended


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """Two nodes whose caches hold a small dictionary in the place of the large one."""
    words = dict(list(pronunciation.read_cmudict().items())[::100])
    data = pronunciation.prepare(pronunciation.split_by_family(words), "a small dictionary")
    keys: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(cache, "fetch", lambda key, build: keys.append(key) or data)
        pronunciation.load()
    for name in ("head", "second"):
        monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / name))
        cache.fetch(keys[0], lambda: data)
    temporary = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # the names of sockets must be short
    with started(NODES, tmp_path, temporary) as process:
        yield process
        process.communicate("\n\n", timeout=60)
    shutil.rmtree(temporary, ignore_errors=True)


def wait_for_an_epoch(node: Path, since: float) -> str:
    """Wait until the node keeps a finished epoch of a run; return the run's name."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for part in node.glob("experiments/*/basic/*.part"):
            if part.stat().st_mtime > since:
                return part.name.removesuffix(".safetensors.part")
        time.sleep(0.02)
    raise AssertionError("no run got so far")


@pytest.mark.slow
@pytest.mark.timeout(4 * PATIENCE)
@pytest.mark.skipif(not INSTALLED, reason="Ray has no wheel for this system")
@pytest.mark.skipif(os.name == "nt", reason="Ray's nodes cannot be killed on Windows")
def test_two_nodes_of_which_one_is_killed(nodes, tmp_path):
    address = nodes.stdout.readline().strip()
    assert address, nodes.stderr.read()
    with started(DRIVER, tmp_path, address, "basic") as driver:
        wait_for_an_epoch(tmp_path / "second", since=0)
        driver.send_signal(signal.SIGINT)
        stdout, stderr = driver.communicate(timeout=PATIENCE)
    assert stdout == "130\n"
    *handed, last = stderr.splitlines()
    assert handed == [f"{name} (full)  handed out" for name in NAMES[:2]]
    assert last == "stopped; the same command goes on from there"
    assert list(tmp_path.glob("second/experiments/*/basic/*.part"))  # what is done stays

    began = time.time()
    with started(DRIVER, tmp_path, address, "basic", "diverging", "other") as driver:
        lost = wait_for_an_epoch(tmp_path / "second", since=began)
        nodes.stdin.write("\n")
        nodes.stdin.flush()
        assert nodes.stdout.readline() == "killed\n"
        stdout, stderr = driver.communicate(timeout=PATIENCE)
    assert stdout == "0\n2\n2\n", stderr
    lines = (tmp_path / "results" / "basic.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["run"] for line in lines) == NAMES
    assert lost in NAMES
    assert list(tmp_path.glob(f"second/experiments/*/basic/{lost}.safetensors.part"))
    assert [path.stem for path in (tmp_path / "results" / "weights").iterdir()] == NAMES[:1]

    rows = [json.loads(line) for line in lines]
    assert {row["data"]["name"] for row in rows} == {"a small dictionary"}
    assert {row["threads"] for row in rows} == {1}
    assert all("commit" in row for row in rows)
    handed = [line.split()[0] for line in stderr.splitlines() if line.endswith("handed out")]
    assert handed == [*NAMES, "basic-elman-pytorch-3", "basic-elman-pytorch-4"]
    assert stderr.count("recorded\n") == 3
    assert "Raylet is terminated" in stderr  # Ray's own words on the node that is lost
    diverged, other = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert diverged.startswith("error: the loss is ")
    assert other.startswith(f"error: the code of unrolled on {socket.gethostname()} is not")
    for folder in (tmp_path / "head" / "experiments", tmp_path / "unfinished"):
        assert not [path for path in folder.rglob("*.safetensors*") if path.suffix != ".lock"]
