"""The component that turns trials into one model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.errors import RunError, SettingsError, nearest
from automl_components.core.events import emit
from automl_components.core.settings import LimitsSettings, SelectionSettings, TaskSettings, TrainingSettings

if TYPE_CHECKING:
    from automl_components.engine.ensemble import Candidate, Ensemble
    from automl_components.engine.problem import Problem
    from automl_components.engine.trial import TrialResult


@component(version="1")
def build_ensemble(
    checked_data: Input[mltable],
    features: Input[mltable],
    featurizer: Input[mlflow_model],
    trials: Input[uri_folder],
    best_model: Output[mlflow_model],
    leaderboard: Output[uri_folder],
    *,
    task: TaskSettings,
    limits: LimitsSettings,
    training: TrainingSettings,
    selection: SelectionSettings,
) -> None:
    """Combine trials by voting and stacking, choose the best, and refit it on all rows.

    With ``selection.trial`` (a number) or ``selection.metric`` (the best by any metric) the model is that trial alone.
    """
    import tempfile

    from automl_components import flavor, formats
    from automl_components.engine import ensemble as ensembles
    from automl_components.engine.leaderboard import leaderboard as board
    from automl_components.engine.predictor import Predictor
    from automl_components.engine.workers import Pool

    problem = formats.read_problem(
        features.local, primary_metric=task.primary_metric, positive_label=task.positive_label, seed=task.seed
    )
    metric = problem.scorer().metric
    results = formats.read_trials(trials.local)
    finished = {result.number: result for result in results if result.status == "Completed"}
    candidates = [
        ensembles.Candidate(r.number, r.score, formats.out_of_fold(trials.local, r.number))
        for r in finished.values()
        if r.score is not None
    ]
    with tempfile.TemporaryDirectory(dir=best_model.local) as scratch:
        problem.share(Path(scratch))
        threads = problem.threads(limits.threads)
        with Pool(Path(scratch), workers=1, threads=threads) as pool:
            refits = Refits(pool, problem, finished, threads)
            made = combine(problem, candidates, refits, training) if selection.is_default else []
            chosen = choose(problem, candidates, made, selection, finished)
            learners = [refits.learner(number) for number in chosen.members]
    emit("note", f"best: {named(chosen)}, {metric.name} {chosen.score:.5f}")
    checked = formats.read_checked(checked_data.local)
    facts = {
        "kind": chosen.kind, "members": list(chosen.members), "weights": list(chosen.weights),
        "pipelines": [finished[n].pipeline for n in chosen.members], "primary_metric": metric.name,
        "score": chosen.score, "metrics": chosen.metrics, "rows": problem.features.rows,
        "candidates": {e.kind: e.score for e in made},
        "target_range": [float(problem.target.min()), float(problem.target.max())] if not problem.classes else None,
    }  # fmt: skip
    predictor = Predictor(
        flavor.load_featurizer(featurizer.local), learners, list(chosen.weights), task=problem.task,
        target=checked.facts["target"], classes=checked.labels(), meta=chosen.meta, threads=limits.threads,
        description=facts,
    )  # fmt: skip
    flavor.save_model(predictor, best_model.local, input_example=checked.frame.head(3), metadata=facts)
    leaderboard.local.mkdir(exist_ok=True)
    board(results, metric, made).to_csv(leaderboard.local / "leaderboard.csv", index=False)
    formats.write_json(leaderboard.local / "ensemble.json", facts)


class Refits:
    """Members fitted again in a worker process: on all rows, or on some for a meta-learner."""

    def __init__(self, pool: Any, problem: Problem, results: dict[int, TrialResult], threads: int) -> None:
        self.pool, self.problem, self.results, self.threads = pool, problem, results, threads

    def learner(self, number: int) -> Any:
        """The trial's configuration, fitted on all rows."""
        from skops import io

        out = self.pool.folder / f"refit-{number}.skops"
        self._run(number, out=str(out))
        return io.load(out, trusted=io.get_untrusted_types(file=out))  # our own worker has just written it

    def predictions(self, number: int, train: Any, predict: Any) -> Any:
        """Fitted on some rows, predictions for others (positions)."""
        import numpy as np

        paths = {name: self.pool.folder / f"{name}.npy" for name in ("rows", "predict", "out")}
        np.save(paths["rows"], train)
        np.save(paths["predict"], predict)
        self._run(number, **{name: str(path) for name, path in paths.items()})
        return np.load(paths["out"])

    def _run(self, number: int, **where: str) -> None:
        from automl_components.engine.trial import mean_rounds

        result = self.results[number]
        request = {"kind": "refit", "algorithm": result.algorithm, "params": result.params,
                   "threads": self.threads, "rounds": mean_rounds(result.rounds), **where}  # fmt: skip
        reply = self.pool.run(request)
        if reply.status != "Completed":
            raise RunError(
                f"trial {number} ({result.pipeline}) could not be fitted again: {(reply.error or {})['message']}"
            )


def named(chosen: Ensemble) -> str:
    """In words: ``trial 3``, or ``voting_ensemble of trials 1, 4``."""
    numbers = ", ".join(map(str, chosen.members))
    return f"trial {numbers}" if chosen.kind == "trial" else f"{chosen.kind} of trials {numbers}"


def combine(
    problem: Problem, candidates: list[Candidate], refits: Refits, training: TrainingSettings
) -> list[Ensemble]:
    """The ensembles that the settings ask for; none of a single candidate."""
    from automl_components.engine import ensemble as ensembles

    if len(candidates) < 2:
        return []
    vote = ensembles.vote(problem, candidates, iterations=training.ensemble_iterations)
    made = [vote] if training.enable_vote_ensemble else []
    if training.enable_stack_ensemble:
        stack = training.stack_ensemble_settings
        members = [c for c in candidates if c.number in vote.members]
        holdout = problem.splits.shape[1] == 1

        def make_meta() -> Any:
            return ensembles.meta_learner(
                problem.task, stack.stack_meta_learner_type, dict(stack.stack_meta_learner_kwargs),
                cross_validated=not holdout, seed=problem.seed,
            )  # fmt: skip

        if holdout:
            share = stack.stack_meta_learner_train_percentage
            made.append(ensembles.stack_holdout(problem, members, make_meta, share, refits.predictions))
        else:
            made.append(ensembles.stack(problem, members, make_meta))
    return made


def choose(
    problem: Problem,
    candidates: list[Candidate],
    made: list[Ensemble],
    settings: SelectionSettings,
    results: dict[int, TrialResult],
) -> Ensemble:
    """The trial that was asked for, or the best of trials and ensembles; a tie prefers the simpler one."""
    from automl_components.engine.ensemble import Ensemble
    from automl_components.engine.scoring import primary_metric

    metric = primary_metric(settings.metric or problem.primary_metric, problem.task)
    singles = [
        Ensemble("trial", (c.number,), (1.0,), c.predictions, c.score, results[c.number].metrics)
        for c in candidates
    ]
    if settings.trial is not None:
        wanted = [single for single in singles if single.members == (settings.trial,)]
        if not wanted:
            raise SettingsError(
                f"selection.trial: no completed trial {settings.trial}"
                + nearest(str(settings.trial), [str(c.number) for c in candidates])
            )
        return wanted[0]

    def worth(one: Ensemble) -> float:
        return metric.sign(one.metrics.get(metric.name, one.score))

    return max([*singles, *made], key=worth)
