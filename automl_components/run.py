"""A finished run: its folder, read through."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from automl_components import formats
from automl_components.core import storage
from automl_components.core.errors import ArtifactError, SettingsError, TrackingError
from automl_components.core.events import emit, listening

if TYPE_CHECKING:
    import pandas as pd

    from automl_components.core.component import Outputs
    from automl_components.job import Job

JOB = "job.yml"


def run_job(job: Job, folder: str, *, reuse: bool | None = None) -> Run:
    """Run a job's stages one after the other; its file is kept in the run's folder, so that it can be resumed.

    ``reuse`` is what ``cache`` of the job says, if it is not given. False starts even an interrupted search anew.
    """
    from automl_components.core.drafts import forget
    from automl_components.core.inputs import is_frame
    from automl_components.core.tables import write_mltable
    from automl_components.pipeline import LINE, run_line

    given = dict(job.inputs())
    with environment(job.facts.environment_variables), ExitStack() as stack:
        stack.enter_context(tracking_ahead())
        stack.enter_context(trial_processes_ahead(job.limits))
        if job.limits.replay is not None:
            formats.read_executed(job.limits.replay)  # says so before any work where it cannot be repeated
        with storage.writing(folder):
            for name, table in given.items():
                if is_frame(table):  # kept beside the results, so that a resumed run finds it
                    place = Path(storage.join(folder, name))
                    if storage.is_remote(folder):
                        scratch = stack.enter_context(TemporaryDirectory(prefix="automl-"))
                        place = Path(scratch) / folder.rstrip("/").rpartition("/")[2] / name
                    write_mltable(table, place)
                    given[name] = str(place)
            job = job.with_data(given)
            storage.write_text(storage.join(folder, JOB), kept_text(job))
        for note in job.notes():
            emit("note", note)
        if reuse is False:
            for name in (name for stage in LINE for name in stage.outputs):
                forget(storage.join(folder, name))
        run_line(given, folder, job.sections(), reuse=job.facts.cache if reuse is None else reuse)
    return Run(folder)


def kept_text(job: Job) -> str:
    """The job's file as it is kept in the run's folder: without environment variables, which may be secrets."""
    from automl_components.core.settings import write_yaml

    values = job.to_mapping()
    if values.pop("environment_variables", None):
        emit(
            "note",
            "environment_variables are not kept with the run: to resume it, start it with its job file",
        )
    return write_yaml(values)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The job's ``environment_variables``, set for as long as it runs."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def trial_processes_ahead(limits: Any) -> Iterator[None]:
    """Start the processes of trials while the data is looked at, which keeps one core busy: on the others first."""
    from automl_components.engine.plan import crew
    from automl_components.engine.workers import started_ahead

    workers, threads = crew(limits.threads, limits.concurrent)
    first = max(1, workers - 1)
    ahead = {"validate_data": first, "featurize_data": workers - first}
    with ExitStack() as stack:

        def on_event(kind: str, facts: dict[str, Any]) -> None:
            if kind == "step" and facts["state"] == "started":
                stack.enter_context(started_ahead(ahead.pop(facts["component"], 0), threads))

        with listening(on_event):
            yield


@contextmanager
def tracking_ahead() -> Iterator[None]:
    """Get MLflow ready while trials run: they have processes of their own, and this one would only wait.

    Its imports take a second, its tables, the first time, some more. The thread has ended before the search has.
    """
    from threading import Thread

    thread = Thread(target=_open_tracking, daemon=True)

    def on_event(kind: str, facts: dict[str, Any]) -> None:
        if kind == "search" and thread.ident is None:
            thread.start()
        elif kind == "step" and facts["state"] == "done" and thread.is_alive():
            thread.join()

    with listening(on_event):
        yield


def _open_tracking() -> None:
    from automl_components.tracking import client

    with suppress(TrackingError):  # the stage that logs the run will tell
        client()


class Run:
    """What a job left behind, by name.

    Parameters
    ----------
    folder : path or address
        The run's folder.

    Raises
    ------
    ArtifactError
        There is no run at that place.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(folder)
        if not storage.exists(self.folder):
            raise ArtifactError(f"no run at {self.folder}")
        if not self.has_job and not self._made():
            raise ArtifactError(f"no run at {self.folder}: it holds neither {JOB} nor what a stage has made")

    def __repr__(self) -> str:
        return f"Run({self.folder!r})"

    def path(self, name: str) -> Path:
        """A local view of one artifact of the run; ArtifactError when the run has not got so far."""
        address = storage.join(self.folder, name)
        marker = storage.read_marker(address)
        if marker is None:
            raise ArtifactError(
                f"the run {self.folder} has no {name}: that step did not run, or was interrupted"
            )
        return storage.localise(address, marker)

    def has(self, name: str) -> bool:
        """Whether an artifact is there and complete."""
        return storage.read_marker(storage.join(self.folder, name)) is not None

    @property
    def leaderboard(self) -> pd.DataFrame:
        """Trials and ensembles, best first. It holds no times, so that equal runs have equal leaderboards."""
        import pandas as pd

        name = "leaderboard" if self.has("leaderboard") else "trials"
        return pd.read_csv(self.path(name) / "leaderboard.csv", dtype={"trial": str})

    @property
    def trials(self) -> pd.DataFrame:
        """What each trial ran and cost: parameters, seconds, memory (MB), status, error."""
        import pandas as pd

        return pd.DataFrame([result.to_dict() for result in formats.read_trials(self.path("trials"))])

    @property
    def search(self) -> dict[str, Any]:
        """How the search went and what it cost.

        Returns
        -------
        dict
            ``stop_reason``; ``statuses``, how many trials ended how; ``seconds`` that it took; ``trial_seconds`` inside
            trial processes, which run side by side; ``limit_seconds`` for search and ensembles, or None; ``peak_mb`` of
            the largest process; and ``plan``, one sentence for each choice.
        """
        folder = self.path("trials")
        facts, plan = formats.read_json(folder / "search.json"), formats.read_json(folder / "plan.json")
        results = formats.read_trials(folder)
        statuses: dict[str, int] = {}
        for result in results:
            statuses[result.status] = statuses.get(result.status, 0) + 1
        return {
            "stop_reason": facts["stop_reason"], "statuses": statuses, "seconds": plan["elapsed_seconds"],
            "trial_seconds": facts["trial_seconds"], "limit_seconds": plan["seconds"],
            "peak_mb": max((result.peak_mb for result in results), default=0.0), "plan": plan["reasons"],
        }  # fmt: skip

    @property
    def guardrails(self) -> pd.DataFrame:
        """What the guardrails found, one row a finding."""
        import pandas as pd

        return pd.DataFrame(self.findings)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the guardrails found, as JSON values; of a finished run, as the search left it."""
        leaderboard = self.path("leaderboard") if self.has("leaderboard") else None
        return formats.read_findings(self.path("guardrail_report"), leaderboard)

    @property
    def best_model(self) -> str:
        """Path of the model, in MLflow's format."""
        return str(self.path("best_model"))

    @property
    def report(self) -> str:
        """Path of the report page, one HTML file that needs nothing else."""
        return str(self.path("report") / "index.html")

    @property
    def test_metrics(self) -> dict[str, float]:
        """Metrics of the test run; empty where its rows had no target."""
        file = self.path("test_report") / "metrics.json"
        return dict(formats.read_json(file)) if file.exists() else {}

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics of the test run; where there are none, the validation metrics of the best model."""
        tested = self.test_metrics if self.has("test_report") else {}
        return tested or dict(self.ensemble["metrics"])

    @property
    def ensemble(self) -> dict[str, Any]:
        """How the best model is put together: kind, members, weights, score."""
        facts: dict[str, Any] = formats.read_json(self.path("leaderboard") / "ensemble.json")
        return facts

    @property
    def choices(self) -> dict[str, str]:
        """Why the best model is made as it is, by what was decided; empty as long as there is none."""
        return formats.reasons(self.ensemble) if self.has("leaderboard") else {}

    @property
    def registration(self) -> dict[str, Any]:
        """Registered name, version, aliases and address."""
        facts: dict[str, Any] = formats.read_json(self.path("registration") / "registration.json")
        return facts

    @property
    def tracking(self) -> dict[str, Any]:
        """Where MLflow has the run: ``tracking_uri``, ``experiment_name``, ``run_id``, ``trials``, ``model_uri``."""
        facts: dict[str, Any] = formats.read_json(self.path("tracking") / "tracking.json")
        return facts

    @property
    def predictions(self) -> pd.DataFrame:
        """Predictions of the test run."""
        from automl_components.core.tables import read_table

        table: pd.DataFrame = read_table(self.path("predictions"))
        return table

    @property
    def has_job(self) -> bool:
        """Whether the run belongs to a job; stages that were run alone leave none."""
        return storage.exists(storage.join(self.folder, JOB))

    @property
    def job(self) -> Any:
        """The job that this run belongs to."""
        from automl_components.job import Job

        return Job.from_file(storage.join(self.folder, JOB))

    def log(self) -> dict[str, Any]:
        """Log the run to MLflow now: what to do when the server could not be reached. Logged once, however often."""
        from automl_components.pipeline import run_step
        from automl_components.stages import log_run

        self.path("best_model")  # says so when the run has not got that far
        run_step(log_run, {}, self.folder, self.job.sections(), made=self._made(), reuse=False)
        return self.tracking

    def register(
        self, *, trial: int | None = None, metric: str | None = None, **settings: Any
    ) -> dict[str, Any]:
        """Register the best model, or that of any trial, in MLflow's registry.

        Parameters
        ----------
        trial, metric : int, str, optional
            A trial by its number, or the best by any metric, instead of the best model.
        **settings
            ``model_name``, ``description``, ``tags``, ``aliases``, ``gate``, ``champion_alias``: instead of what the
            job says.

        Raises
        ------
        GateError
            The gate refused; nothing was changed in the registry.
        """
        from automl_components.core.settings import RegistrationSettings
        from automl_components.pipeline import run_step
        from automl_components.stages import evaluate_model, register_model

        sections = self.job.sections()
        said = sections["registering"].given() | {"model_name": sections["registering"].model_name}
        sections["registering"] = RegistrationSettings.read(said | settings)
        given, folder, made = dict(self.job.inputs()), self.folder, self._made()
        if trial is not None or metric is not None:
            self.model(trial=trial, metric=metric)
            folder = self._model_folder(trial, metric)
            given |= {"checked_data": storage.join(self.folder, "checked_data")}
            if self.has("tracking"):
                given |= {"tracking": storage.join(self.folder, "tracking")}
            made = frozenset({"best_model"})
            if self.has("test_report"):
                run_step(evaluate_model, given, folder, sections, made=made)
                made |= {"test_report"}
        run_step(register_model, given, folder, sections, made=made, reuse=False)
        return Run(folder).registration

    def _made(self) -> frozenset[str]:
        """Artifacts that are there and complete."""
        from automl_components.pipeline import LINE

        return frozenset(name for stage in LINE for name in stage.outputs if self.has(name))

    def predict(self, data: Any) -> pd.DataFrame:
        """Predictions of the best model for a table: ``prediction`` and, for classification, ``proba_<class>``."""
        from automl_components import flavor
        from automl_components.core.tables import read_table

        table: pd.DataFrame = flavor.load_model(self.path("best_model")).predict_table(read_table(data))
        return table

    def model(self, *, trial: int | None = None, metric: str | None = None) -> str:
        """Path of the model of one trial, by its number or as the best by any metric; made when it is first asked for.

        Raises
        ------
        SettingsError
            Both or neither are given, or there is no such trial.
        """
        if (trial is None) == (metric is None):
            raise SettingsError("give a trial's number, or the metric that it is best by")
        from automl_components.core.settings import SelectionSettings
        from automl_components.pipeline import run_step
        from automl_components.stages import build_ensemble

        folder = self._model_folder(trial, metric)
        names = ("checked_data", "features", "featurizer", "trials")
        given = {name: storage.join(self.folder, name) for name in names}
        sections = {**self.job.sections(), "selection": SelectionSettings(trial=trial, metric=metric)}
        run_step(build_ensemble, given, folder, sections, made=frozenset())
        return Run(folder).best_model

    def _model_folder(self, trial: int | None, metric: str | None) -> str:
        """Where a model that was asked for later lies, with its leaderboard and test report."""
        return storage.join(self.folder, f"models/{f'trial_{trial}' if trial is not None else metric}")

    def test(
        self, test_data: Any = None, *, trial: int | None = None, output: str | Path | None = None
    ) -> Outputs:
        """Test the best model, or any trial, on new data or again on the run's own test rows."""
        from automl_components.stages import evaluate_model

        job = self.job
        model = self.best_model if trial is None else self.model(trial=trial)
        given = test_data if test_data is not None else job.inputs().get("test_data")
        checked, task = storage.join(self.folder, "checked_data"), job.sections()["task"]
        return evaluate_model(
            output=output, best_model=model, test_data=given, checked_data=checked, task=task
        )
