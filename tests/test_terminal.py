"""What a person sees while a run goes on: a live display on a terminal, plain lines elsewhere; and Ctrl-C."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from penguins import write_job
from rich.console import Console

from automl_components.core.errors import SettingsError
from automl_components.core.events import emit, listening, logger
from automl_components.run import Run
from automl_components.terminal import catalog_table, metrics_table, run_facts, watching
from automl_components.terminal.live import Live, SearchState
from automl_components.terminal.watching import only_ours

AUTOML = str(Path(sys.executable).with_name("automl"))
SLOW_METRIC = """\
import time
from pathlib import Path

HOLD = Path(__file__).with_name("hold")

def score(y_true, y_pred):
    time.sleep(0.05)
    while HOLD.exists():
        time.sleep(0.01)
    return float((y_true == y_pred).mean())
"""


def trial(number: int, score: float | None, **facts: Any) -> dict[str, Any]:
    failed = {"type": "ValueError", "message": "a [bold] cause\nand more"}
    return {
        "number": number, "algorithm": "knn", "pipeline": "KNN", "score": score, "seconds": 1.0,
        "status": "Completed" if score is not None else "Failed", "error": None if score is not None else failed,
    } | facts  # fmt: skip


def plan(**facts: Any) -> dict[str, Any]:
    return {
        "metric": "log_loss", "greater_is_better": False, "max_trials": 4, "seconds": None, "done": 0, "best": None,
    } | facts  # fmt: skip


class TestSearchState:
    def test_less_may_be_better(self) -> None:
        state = SearchState.planned(plan())
        assert [state.add(trial(n, score)) for n, score in enumerate((0.5, 0.7, 0.4), 1)] == [
            True,
            False,
            True,
        ]
        assert (state.done, state.best["number"]) == (3, 3)

    def test_a_failure_counts_and_leads_nothing(self) -> None:
        state = SearchState.planned(plan())
        assert not state.add(trial(1, None))
        assert (state.done, state.best) == (1, None)

    def test_a_resumed_search_knows_the_best_of_before(self) -> None:
        state = SearchState.planned(plan(done=2, best=trial(1, 0.3)))
        assert not state.add(trial(3, 0.4))
        assert (state.done, state.best["number"]) == (3, 1)

    def test_time_left_is_by_pace_and_never_beyond_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        state = SearchState.planned(plan(seconds=600.0, done=1))
        assert state.time_left() == "at most 10:00 left"
        now += 7
        state.begin(2, "knn")  # the seven seconds before were no trial's
        now += 20
        state.add(trial(2, 0.5))
        assert state.time_left() == "about 0:40 left"  # two more, of twenty seconds
        now += 15
        assert state.time_left() == "about 0:25 left"
        state.ends = now + 5
        assert state.time_left() == "at most 0:05 left"
        state.add(trial(3, 0.5))
        state.add(trial(4, 0.5))
        assert state.time_left() == ""

    def test_a_limit_of_days_tells_nothing(self) -> None:
        assert SearchState.planned(plan(seconds=8640 * 60.0)).time_left() == ""


class Screen:
    """A live display on a terminal in memory."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.live = Live(Console(file=self.stream, force_terminal=True, width=120, color_system=None))

    def tell(self, kind: str, message: str = "", **facts: Any) -> None:
        with listening(self.live.on_event):
            emit(kind, message, **facts)

    def moving(self) -> str:
        """What moves right now."""
        console = Console(file=io.StringIO(), width=120, color_system=None)
        with console.capture() as capture:
            console.print(self.live)
        return capture.get()


@pytest.fixture
def screen() -> Screen:
    return Screen()


class TestLive:
    def test_a_search(self, screen: Screen) -> None:
        screen.tell("step", "", component="search_trials", state="started")
        screen.tell("search", "1 algorithm", **plan())
        screen.tell("trial_started", number=1, algorithm="light_gbm")
        assert "0 of 4 trials" in screen.moving()
        assert "now trial 1 light_gbm" in screen.moving()
        screen.tell("trial", "", **trial(1, 0.25))
        assert "1 of 4 trials" in screen.moving()
        assert "best log_loss 0.25000 by trial 1" in screen.moving()
        assert "now" not in screen.moving()
        screen.tell("step", "", component="search_trials", state="done", seconds=2.0)
        assert "search_trials" not in screen.moving()
        assert "✓ search_trials 2.0 s" in screen.stream.getvalue()

    def test_a_single_trial_is_no_plural(self, screen: Screen) -> None:
        screen.tell("step", "", component="search_trials", state="started")
        screen.tell("search", "", **plan(max_trials=1))
        assert "0 of 1 trial " in screen.moving()

    def test_only_what_leads_or_fails_leaves_a_line(self, screen: Screen) -> None:
        screen.tell("search", "", **plan())
        for number, score in enumerate((0.5, 0.6, None), 1):
            screen.tell("trial", "", **trial(number, score))
        lines = screen.stream.getvalue()
        assert "trial 1: KNN 0.50000" in lines
        assert "trial 2" not in lines
        assert "trial 3: knn: Failed: a [bold] cause" in lines
        assert "and more" not in lines

    def test_what_was_kept_and_what_was_found(self, screen: Screen) -> None:
        screen.tell("step", "", component="validate_data", state="reused")
        screen.tell("finding", "", status="Alerted", title="Class balance", summary="class 'a[b]' is rare")
        screen.tell("finding", "", status="Passed", title="Memory", summary="fits")
        screen.tell("note", "a [note]")
        screen.tell("note", "details", level=logging.DEBUG)
        lines = screen.stream.getvalue()
        assert "validate_data is unchanged: kept" in lines
        assert "Alerted Class balance: class 'a[b]' is rare" in lines
        assert "a [note]" in lines
        assert "Memory" not in lines
        assert "details" not in lines


class TestPlainLines:
    def test_one_line_an_event(self, capsys: pytest.CaptureFixture[str]) -> None:
        with watching("info"):
            emit("note", "something")
            emit("note", "details", level=logging.DEBUG)
        emit("note", "nobody listens")
        said = capsys.readouterr()
        assert re.fullmatch(r"\d\d:\d\d:\d\d something\n", said.err)
        assert not said.out

    def test_levels(self, capsys: pytest.CaptureFixture[str]) -> None:
        for verbosity in ("debug", "info", "warning", "error"):
            with watching(verbosity):
                for level in (logging.DEBUG, logging.INFO, logging.WARNING):
                    emit("note", f"{verbosity}-{level}", level=level)
        found = re.findall(r"(\w+)-(\d+)", capsys.readouterr().err)
        heard = {name: [int(level) for other, level in found if other == name] for name, _ in found}
        assert heard == {"debug": [10, 20, 30], "info": [20, 30], "warning": [30]}

    def test_logging_is_left_as_it_was(self) -> None:
        before = (logger.level, logger.propagate, list(logger.handlers), list(logging.getLogger().handlers))
        with watching("debug"), only_ours():
            pass
        assert before == (
            logger.level,
            logger.propagate,
            list(logger.handlers),
            list(logging.getLogger().handlers),
        )

    def test_in_a_notebook_they_go_below_the_cell(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There, what is written to standard error looks like a failure."""
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
        with watching():
            emit("note", "something")
        said = capsys.readouterr()
        assert said.out.endswith(" something\n")
        assert not said.err

    def test_an_unknown_level_names_the_nearest(self) -> None:
        with (
            pytest.raises(SettingsError, match="verbosity: found 'warn'; did you mean 'warning'"),
            watching("warn"),
        ):
            pass

    def test_libraries_are_silent_unless_wanted(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level(logging.WARNING, "alembic")
        monkeypatch.setattr(sys, "warnoptions", [])
        heard = {}
        for wanted in (True, False):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                with only_ours(all_of_it=wanted):
                    warnings.warn("a library's warning", UserWarning, stacklevel=1)
                    heard[wanted] = logging.getLogger("alembic").isEnabledFor(logging.WARNING), len(caught)
        assert heard == {True: (True, 1), False: (False, 0)}

    def test_no_live_display_on_a_dumb_terminal(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for terminal in ("dumb", "xterm"):
            monkeypatch.setenv("TERM", terminal)
            monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
            with watching():
                emit("note", "something")
            said = capsys.readouterr().err
            assert bool(re.fullmatch(r"\d\d:\d\d:\d\d something\n", said)) == (terminal == "dumb")

    def test_tables_fit_no_narrow_pipe(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it
        metrics_table(
            {f"a_rather_long_name_of_a_metric_{n}": n / 7 for n in range(4)} | {"none": float("nan")}
        )
        catalog_table("components")
        out = capsys.readouterr().out
        assert re.search(r"a_rather_long_name_of_a_metric_0 +0\.00000\n", out)
        assert re.search(r"none +-", out)
        assert re.search(r"validate_data +Check the tables", out)


def test_the_report_for_a_program_is_json_whatever_the_figures(tmp_path: Path) -> None:
    from run_folder import put

    findings = [{"code": "x", "title": "X", "status": "Done", "details": {"share": float("nan"), "rows": 3}}]
    put(tmp_path / "guardrail_report", {"findings.json": findings}, "validate_data")
    board = "rank,trial,pipeline,status,AUC_weighted,algorithm\n1,1,kNN,Failed,,knn\n"
    best = {"kind": "trial", "members": [1], "score": float("inf"), "metrics": {"accuracy": float("nan")}}
    put(tmp_path / "leaderboard", {"leaderboard.csv": board, "ensemble.json": best}, "build_ensemble")
    facts = json.loads(json.dumps(run_facts(Run(tmp_path)), allow_nan=False))
    assert facts["findings"][0]["details"] == {"share": None, "rows": 3}
    assert facts["leaderboard"] == [{
        "rank": 1, "trial": "1", "pipeline": "kNN", "status": "Failed", "AUC_weighted": None, "algorithm": "knn"
    }]  # fmt: skip
    assert facts["best_model"]["score"] is None
    assert not facts["finished"]


class Terminal:
    """A command in a pseudo-terminal of 100 columns."""

    def __init__(self, *command: str, cwd: Path, **environment: str) -> None:
        self.fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            command, cwd=cwd, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )  # fmt: skip
        os.close(inner)
        self.raw = ""

    def read_until(self, text: str = "", seconds: float = 60) -> None:
        """Take in what is written until a text comes, or (without one) until the command ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (not text or text not in self.plain) and (more := self._read()):
            self.raw += more
        assert text in self.plain, self.plain

    def _read(self) -> str:
        with suppress(OSError):  # the other side is closed
            return os.read(self.fd, 65536).decode(errors="replace")
        return ""

    def press_ctrl_c(self) -> None:
        os.write(self.fd, b"\x03")

    def ended(self) -> int:
        self.read_until(seconds=200)
        return self.process.wait(timeout=30)

    @property
    def plain(self) -> str:
        """All that was ever shown, without escape sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw).replace("\r\n", "\n").replace("\r", "\n")


@pytest.fixture
def folder(tmp_path: Path, mlflow_server: str) -> Path:
    """A job of eight slow trials that is neither tested nor registered."""
    (tmp_path / "slow_metric.py").write_text(SLOW_METRIC)
    write_job(
        tmp_path / "job.yml", primary_metric="slow_metric:score", test_data_size=None, registration={"enabled": False},
        limits={"max_trials": 8, "max_cores_per_trial": 1, "max_concurrent_trials": 1},
        training={"allowed_training_algorithms": ["decision_tree", "knn"], "enable_stack_ensemble": False},
    )  # fmt: skip
    return tmp_path


def workers_in(folder: Path) -> list[psutil.Process]:
    """Processes that were started in a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()) == folder:
                found.append(process)
    return found


def test_a_run_on_a_terminal_interrupted_and_resumed(folder: Path) -> None:
    first = Terminal(AUTOML, "run", "job.yml", "--output", "my run", cwd=folder)
    first.read_until("2 of 8 trials")
    (folder / "hold").touch()  # no trial ends from now on, however busy the machine is
    assert len(workers_in(folder)) >= 2  # the command and a worker
    first.press_ctrl_c()
    assert first.ended() == 130
    (folder / "hold").unlink()
    assert "interrupted; what was finished is kept" in first.plain
    assert "automl run --resume --output 'my run'" in first.plain
    assert "Traceback" not in first.plain
    assert first.raw.rstrip().endswith("'my run'")
    assert "\x1b[?25h" in first.raw  # the cursor is back
    assert not workers_in(folder)
    journal = folder / "my run" / ".trials.draft" / "journal.jsonl"
    done = len(journal.read_text().splitlines())
    assert 2 <= done < 8

    again = Terminal(AUTOML, "run", "--resume", "--output", "my run", cwd=folder, NO_COLOR="1")
    assert again.ended() == 0
    seen = again.plain
    assert "validate_data is unchanged: kept" in seen
    assert f"{done} of 8 trials were done before" in seen
    assert f"{done} of 8 trials" in seen
    assert "0 of 8 trials" not in seen.replace("8 of 8", "")
    assert re.search(r"best slow_metric\.score 0\.\d{5} by trial \d", seen)
    assert re.search(r"now trial \d+ (knn|decision_tree) 0:0\d", seen)
    assert re.search(r"(about|at most) 0:\d\d left", seen)
    assert "✓ search_trials" in seen
    assert re.search(r"\n1 +\w+ +\w+.* 0\.\d{5} +best model", seen)
    assert "Leaderboard" in seen
    assert not re.search(r"\x1b\[[0-9;]*3[0-8]", again.raw)  # no colours were wanted

    show = subprocess.run(
        f"{AUTOML} show 'my run' | head -1",
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert show.stdout == "Findings\n"
    assert show.stderr == ""
