"""Trial processes: whatever a trial does, it costs one trial; and no process is left behind."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from problems import defaults, make
from skops.io import get_untrusted_types, load

from automl_components.core.errors import RunError
from automl_components.engine import trial
from automl_components.engine.trial import Config
from automl_components.engine.workers import Pool

TIMES = {"fit_s", "predict_s", "began"}


@pytest.fixture
def shared(tmp_path):
    """A function: a pool over a problem, closed when the test ends."""
    pools = []

    def pool(metric="log_loss", **settings):
        problem = make(primary_metric=metric)
        folder = tmp_path / f"shared-{len(pools)}"
        problem.share(folder)
        pools.append(Pool(folder, **settings))
        return problem, pools[-1]

    yield pool
    for one in pools:
        one.__exit__(None, None, None)


def request(problem, folder, name="decision_tree", **params):
    return {"kind": "fold", "part": 0, "seed": 5, "algorithm": name, "params": defaults(name, problem) | params,
            "threads": 1, "out": str(folder / "oof.npy"), "model": str(folder / "model.skops"),
            "model_bytes": 2**20}  # fmt: skip


def test_a_worker_does_what_the_parent_would(shared, tmp_path):
    problem, pool = shared()
    asked = request(problem, tmp_path)
    before = time.time()
    reply = pool.run(asked)
    assert reply.status == "Completed"
    assert reply.error is None
    assert reply.request["algorithm"] == "decision_tree"
    assert before - 1 <= reply.started <= time.time()
    assert 0 < reply.seconds < 30
    assert reply.peak_mb > 20
    config = Config(asked["algorithm"], asked["params"])
    fold, learner, predictions = trial.fit_fold(problem, config, 0, seed=5)
    expected = asdict(replace(fold, kept=True))
    assert {k: v for k, v in reply.facts.items() if k not in TIMES} == {
        k: v for k, v in expected.items() if k not in TIMES
    }
    np.testing.assert_array_equal(np.load(asked["out"]), predictions.astype(np.float32))
    kept = load(asked["model"], trusted=get_untrusted_types(file=asked["model"]))
    np.testing.assert_array_equal(
        kept.predict_proba(problem.features), learner.predict_proba(problem.features)
    )


def test_a_large_learner_is_not_kept(shared, tmp_path):
    problem, pool = shared()
    reply = pool.run(request(problem, tmp_path) | {"model_bytes": 100})
    assert reply.facts["kept"] is False
    assert not (tmp_path / "model.skops").exists()


def test_refits_come_back_as_models_and_as_predictions(shared, tmp_path):
    problem, pool = shared()
    asked = request(problem, tmp_path, "light_gbm") | {
        "kind": "refit",
        "rounds": 7,
        "out": str(tmp_path / "m.skops"),
    }
    assert pool.run(asked).status == "Completed"
    learner = load(asked["out"], trusted=get_untrusted_types(file=asked["out"]))
    assert learner.estimator_.model.num_trees() == 7
    rows, ask = np.arange(0, 200, 2), np.arange(1, 200, 2)
    np.save(tmp_path / "rows.npy", rows)
    np.save(tmp_path / "ask.npy", ask)
    more = {
        "rows": str(tmp_path / "rows.npy"),
        "predict": str(tmp_path / "ask.npy"),
        "out": str(tmp_path / "p.npy"),
    }
    assert pool.run(asked | more).status == "Completed"
    config = Config(asked["algorithm"], asked["params"])
    expected = trial.refit(problem, config, seed=5, rounds=7, rows=rows).predict_proba(
        problem.features.take(ask)
    )
    np.testing.assert_allclose(np.load(more["out"]), expected)


def test_one_process_serves_many_requests(shared, tmp_path):
    problem, pool = shared()
    pool.wait_ready()
    pid = pool.processes[0].child.pid
    for depth in (1, 2, 3):
        assert pool.run(request(problem, tmp_path, max_depth=depth)).status == "Completed"
    assert pool.processes[0].child.pid == pid


def test_a_trial_that_raises_is_a_result(shared, tmp_path):
    problem, pool = shared()
    reply = pool.run(request(problem, tmp_path, max_depth=-3))
    assert reply.status == "Failed"
    assert reply.error["type"] == "InvalidParameterError"
    assert "max_depth" in reply.error["message"]
    assert reply.error["stage"] == "fit"
    problem, pool = shared("problems:raises")
    reply = pool.run(request(problem, tmp_path))
    assert reply.status == "Failed"
    assert "custom metric 'problems:raises' failed at" in reply.error["message"]
    assert "no trials today" in reply.error["message"]
    assert pool.run(request(problem, tmp_path)).status == "Failed"


def test_what_a_trial_prints_does_not_disturb_its_reply(shared, tmp_path):
    problem, pool = shared("problems:prints")
    for _ in range(2):
        reply = pool.run(request(problem, tmp_path))
        assert reply.status == "Completed"
        assert reply.facts["score"] == 0.5
    assert "half a line" in pool.processes[0].words()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_costs_one_trial(shared, tmp_path):
    problem, pool = shared()
    (tmp_path / "oof.npy").symlink_to("/dev/full")
    reply = pool.run(request(problem, tmp_path))
    assert reply.status == "Failed"
    assert "No space left on device" in reply.error["message"]
    (tmp_path / "oof.npy").unlink()
    assert pool.run(request(problem, tmp_path)).status == "Completed"


def test_a_crash_costs_one_trial_and_tells_its_last_words(shared, tmp_path):
    problem, pool = shared("problems:segfaults")
    reply = pool.run(request(problem, tmp_path))
    assert reply.status == "Failed"
    assert reply.error["type"] == "ProcessDied"
    assert "SIGSEGV" in reply.error["message"]
    assert "the stack is on fire" in reply.error["message"]
    reply = pool.run(request(problem, tmp_path, max_depth=-1))  # a new process answers
    assert reply.error["type"] == "InvalidParameterError"


def test_a_worker_killed_from_outside_is_replaced(shared, tmp_path):
    problem, pool = shared("problems:sleeps")
    pool.submit(request(problem, tmp_path))
    pid = pool.processes[0].child.pid
    os.kill(pid, signal.SIGKILL)
    reply = pool.wait()
    assert reply.status == "Failed"
    assert "SIGKILL" in reply.error["message"]
    pool.wait_ready()
    assert pool.processes[0].child.pid != pid


def test_a_worker_that_dies_while_it_is_idle_is_replaced(shared, tmp_path):
    problem, pool = shared()
    for how in (signal.SIGKILL, signal.SIGTERM):
        pool.wait_ready()
        process = pool.processes[0]
        os.kill(process.child.pid, how)
        process.reader.join(10)
        assert pool.run(request(problem, tmp_path)).status == "Completed"


@pytest.mark.parametrize("metric", ["problems:sleeps", "problems:hangs_in_c"])
def test_a_trial_that_takes_too_long_is_killed(shared, tmp_path, metric):
    problem, pool = shared(metric)
    pool.wait_ready()
    child = psutil.Process(pool.processes[0].child.pid)
    reply = pool.run(request(problem, tmp_path), seconds=0.3)
    assert reply.status == "TimedOut"
    assert "killed" in reply.error["message"]
    assert 2.3 <= reply.seconds < 5
    assert not child.is_running()


def test_a_trial_that_takes_too_much_memory_is_killed(shared, tmp_path):
    problem, pool = shared("problems:allocates", memory_bytes=450 * 2**20)
    reply = pool.run(request(problem, tmp_path))
    assert reply.status == "Failed"
    assert reply.error["type"] == "MemoryLimit"
    assert "the limit is 450 MB" in reply.error["message"]
    assert reply.peak_mb > 450
    assert reply.seconds < 10


def test_quick_trials_of_one_worker_do_not_hide_a_slow_one(shared, tmp_path):
    """The second worker is looked after although the first one never leaves the parent a quiet moment."""
    problem, pool = shared(workers=2)
    forest = request(problem, tmp_path, "random_forest", n_estimators=10**7)
    forest |= {"out": str(tmp_path / "slow.npy"), "model": str(tmp_path / "slow.skops")}
    pool.submit(forest, seconds=2.0)
    ends = time.monotonic() + 20
    seen = []
    while "TimedOut" not in seen and time.monotonic() < ends:
        if pool.idle:
            pool.submit(request(problem, tmp_path, max_depth=1))
        seen.append(pool.wait().status)
    assert seen.count("TimedOut") == 1
    assert seen.count("Completed") > 3


def test_a_pool_that_cannot_start_gives_up(tmp_path):
    with Pool(tmp_path) as pool, pytest.raises(RunError, match="cannot be started, 3 attempts") as caught:
        pool.run({"kind": "fold"})  # no problem was shared there
    assert "problem.json" in str(caught.value)
    assert not pool.processes


def test_cancelled_work_is_forgotten(shared, tmp_path):
    problem, pool = shared()
    pool.submit(request(problem, tmp_path, "random_forest", n_estimators=10**7))
    process = pool.processes[0]
    assert pool.busy
    pool.cancel()
    assert not pool.busy
    assert process.child.returncode is not None
    assert pool.run(request(problem, tmp_path)).request["algorithm"] == "decision_tree"


def test_closing_leaves_nothing(shared):
    _, pool = shared(workers=2)
    pool.wait_ready()
    children = [psutil.Process(process.child.pid) for process in pool.processes]
    readers = [process.reader for process in pool.processes]
    pool.__exit__(None, None, None)
    assert not any(child.is_running() for child in children)
    assert not any(reader.is_alive() for reader in readers)


PARENT = """
import sys
from pathlib import Path
from problems import make, defaults
from automl_components.engine.workers import Pool

folder = Path(sys.argv[1])
problem = make(primary_metric=sys.argv[2])
problem.share(folder)
try:
    with Pool(folder, workers=2) as pool:
        pool.submit({"kind": "fold", "part": 0, "seed": 5, "algorithm": "decision_tree", "threads": 1,
                     "params": defaults("decision_tree", problem), "out": str(folder / "oof.npy"),
                     "model": str(folder / "model.skops"), "model_bytes": 0})
        print(*(process.child.pid for process in pool.processes), flush=True)
        pool.wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    ("metric", "how"),
    [
        ("problems:hangs_in_c", signal.SIGKILL),
        ("problems:hangs_in_c", signal.SIGTERM),
        ("problems:sleeps", signal.SIGKILL),
        ("problems:sleeps", signal.SIGINT),
    ],
)
def test_no_worker_outlives_its_parent(tmp_path, metric, how):
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "shared"), metric],
        env=env, stdout=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(0.3)  # into the metric
        os.kill(parent.pid, how)
        rest = parent.stdout.read()
    assert (rest == "interrupted\n") == (how == signal.SIGINT)
    gone, alive = psutil.wait_procs(workers, timeout=5)
    for process in alive:
        process.kill()
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    assert len(gone) + len(alive) == 2


def test_a_file_of_the_working_folder_shadows_no_module(shared, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    problem, pool = shared()
    assert pool.run(request(problem, tmp_path)).status == "Completed"


def test_a_worker_runs_the_package_of_its_parent(shared, tmp_path, monkeypatch):
    """MLflow puts the code that a model carries, a part of this package, first on the path when it loads one."""
    (tmp_path / "code" / "automl_components" / "engine").mkdir(parents=True)
    for folder in ("automl_components", "automl_components/engine"):
        (tmp_path / "code" / folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "code")
    problem, pool = shared()
    assert pool.run(request(problem, tmp_path)).status == "Completed"
