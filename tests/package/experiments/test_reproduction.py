"""The code as it is reproduces what is recorded: the store cannot drift from it."""

import pytest
from unrolled.experiments import runner, store, suite

# Other processors and versions of the libraries round otherwise, and training amplifies that.
# In points of PER on the validation words; the rates of other seeds of this run lie a point around.
TOLERANCE = 1.0
RUNS = {run.name: run for run in suite.runs_of("small")}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_recorded_run_is_found_again(name, tmp_path):
    run = RUNS[name]
    (recorded,) = (row for row in store.rows("small") if row["run"] == name)
    rerun = runner.execute(run, tmp_path)
    for part in ("model", "variant", "arguments", "framework", "seed", "recipe", "parameters"):
        assert rerun[part] == recorded[part], part
    assert rerun["data"] == recorded["data"]
    assert 100 * rerun["valid"]["per"] == pytest.approx(
        100 * recorded["valid"]["per"], abs=TOLERANCE
    )
    first, again = (row["epochs"][0]["loss"] for row in (recorded, rerun))
    assert again == pytest.approx(first, rel=0.01)  # over twenty thousand words
