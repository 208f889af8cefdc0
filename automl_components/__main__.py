"""The command line: ``automl run job.yml``, one stage at a time, predictions, models, registration."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_components.core.errors import (
    AutoMLError,
    DataError,
    GateError,
    SettingsError,
    TrackingError,
    nearest,
)

if TYPE_CHECKING:
    from automl_components.job import Job

VERBOSITIES = ("debug", "info", "warning", "error", "critical")
DEBUG = "automl.debug"
"""In the context: whether an error is shown with its traceback."""

_overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Change one setting, such as --set limits.max_trials=10; may be repeated.",
)  # fmt: skip


def _listen(ctx: click.Context, _: click.Parameter, verbosity: str | None) -> str | None:
    from automl_components.terminal.watching import only_ours

    ctx.meta[DEBUG] = verbosity == "debug"
    ctx.with_resource(only_ours(all_of_it=verbosity == "debug"))
    return verbosity


_verbosity = click.option(
    "--verbosity", type=click.Choice(VERBOSITIES, case_sensitive=False), callback=_listen,
    help="How much to tell: debug shows tracebacks, error nothing but errors; default: info.",
)  # fmt: skip


class _Group(click.Group):
    """Commands in the order of a day's work, not of the alphabet; our own errors as one message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        if os.environ.get("NO_COLOR"):  # https://no-color.org
            ctx.color = False
        try:
            return super().invoke(ctx)
        except AutoMLError as error:
            if ctx.meta.get(DEBUG):
                click.echo(traceback.format_exc(), err=True)
            click.secho("error: ", fg="red", bold=True, nl=False, err=True)
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt as interrupt:
            click.echo(f"interrupted{interrupt.args[0] if interrupt.args else ''}", err=True)
            ctx.exit(130)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="automl-components")
def main() -> None:
    """Automated machine learning as typed pipeline components.

    \b
    Start here:
      automl demo                       a whole run on a built-in table
      automl run job.yml                an Azure AutoML job file, run on this machine
      automl predict runs/job/best_model new_rows.csv --output predictions.parquet
    """
    here = os.fspath(Path.cwd())
    if (
        here not in sys.path
    ):  # a custom metric may live there; at the end, so that no file of it hides a library
        sys.path.append(here)


@main.command()
@click.argument("job", required=False, type=str)
@click.option(
    "--output", "-o", metavar="FOLDER", help="Folder or address of the run; default: runs/<name of the job>."
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted run; with --output, the job file may be left out.",
)
@click.option("--fresh", is_flag=True, help="Do every step again, even where nothing has changed.")
@_overrides
@_verbosity
def run(
    job: str | None,
    output: str | None,
    resume: bool,
    fresh: bool,
    overrides: tuple[str, ...],
    verbosity: str | None,
) -> None:
    """Run a job file: from a table to a registered, tested model.

    Started again with the same job and output, a run goes on where it was interrupted, and skips every step whose
    inputs and settings are unchanged.

    \b
    Examples:
      automl run job.yml
      automl run job.yml --output runs/bank --set limits.max_trials=10 --set training_data=data.csv
      automl run --resume --output runs/bank
    """
    from automl_components.core import storage
    from automl_components.job import Job
    from automl_components.run import JOB

    if resume and fresh:
        raise SettingsError("--resume goes on with what is there, --fresh starts again: give one of them")
    if job is None and not resume:
        raise click.UsageError("which job? give a job file: automl run job.yml (or --resume --output FOLDER)")
    if job is None and output is None:
        raise SettingsError("--resume needs the job file, or --output: the folder of the run")
    file = job or storage.join(output or "", JOB)
    if job is None and not storage.exists(file):
        raise SettingsError(f"nothing to resume: {output} has no {JOB}; start it with: automl run job.yml")
    loaded = Job.from_file(file, overrides)
    _run(loaded, output or loaded.default_output(job), verbosity, reuse=False if fresh else None)


def _run(job: Job, output: str, verbosity: str | None, *, reuse: bool | None = None) -> None:
    from automl_components.run import Run
    from automl_components.terminal import summary, watching

    verbosity = verbosity or job.log_verbosity
    click.get_current_context().meta[DEBUG] = verbosity == "debug"
    try:
        with watching(verbosity):
            job.run(output, reuse=reuse)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"; what was finished is kept. Go on with: automl run --resume --output {shlex.quote(output)}"
        ) from None
    except (TrackingError, GateError) as error:
        if _tells(verbosity):
            summary(Run(output))  # the model is there, even though it was not logged or registered
        raise type(error)(str(error).replace("RUN_FOLDER", shlex.quote(output))) from error
    if _tells(verbosity):
        summary(Run(output))


def _tells(verbosity: str | None) -> bool:
    """Whether more than warnings and errors is wanted."""
    return verbosity in (None, "not_set", "debug", "info")


@main.command()
@click.option(
    "--output", "-o", default="runs/demo", show_default=True, metavar="FOLDER", help="Folder of the run."
)
@click.option("--trials", default=8, show_default=True, help="Number of configurations to try.")
@_verbosity
def demo(output: str, trials: int, verbosity: str | None) -> None:
    """The whole pipeline on a real table: which species is a penguin of?

    The Palmer penguins (Gorman, Williams and Fraser 2014; CC0): 344 rows, numbers and categories, missing values.
    """
    from automl_components.demo import penguins_job

    _run(penguins_job(trials), output, verbosity)


@main.command()
@click.argument("name", required=False)
@click.option(
    "--input", "-i", "inputs", multiple=True, metavar="NAME=ADDRESS", help="An input artifact; repeat it."
)
@click.option(
    "--output", "-o", "outputs", multiple=True, metavar="NAME=ADDRESS", help="An output artifact; repeat it."
)
@click.option(
    "--settings", metavar="FILE", help="A settings or job file (YAML); keys of other stages are passed over."
)
@click.option(
    "--reuse", is_flag=True, help="Skip the work when the outputs are there and nothing has changed."
)
@_overrides
@_verbosity
def component(
    name: str | None,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    settings: str | None,
    reuse: bool,
    overrides: tuple[str, ...],
    verbosity: str | None,
) -> None:
    """Run one stage in its own process; without a NAME, list the stages.

    \b
    Example:
      automl component search_trials --input features=runs/bank/features \\
          --output trials=runs/bank/trials --settings job.yml
    """
    from automl_components import pipeline
    from automl_components.core.settings import apply_overrides, parse_override, read_mapping
    from automl_components.terminal import watching

    if name is None:
        for stage in pipeline.LINE:
            click.echo(f"{click.style(f'{stage.name:16s}', bold=True)} {stage.title}")
            click.echo(f"    {', '.join(stage.inputs)} -> {', '.join(stage.outputs)}")
        return
    found = pipeline.find(name)
    for text in overrides:
        key = parse_override(text)[0].partition(".")[0]
        if key not in found.setting_keys():
            raise SettingsError(
                f"--set {text}: {name} has no setting {key!r}{nearest(key, found.setting_keys())}"
            )
    values = apply_overrides({} if settings is None else read_mapping(settings), overrides)
    sections = pipeline.settings_of(found, values)
    with watching(verbosity):
        made = found.run(_pairs("--input", inputs), _pairs("--output", outputs), sections, reuse=reuse)
    if _tells(verbosity):
        for output, reference in made.items():
            click.echo(f"{output}: {reference.path}")


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, separator, address = text.partition("=")
        if not separator or not address:
            raise SettingsError(f"{option} {text!r}: give it as NAME=ADDRESS")
        if name in pairs:
            raise SettingsError(
                f"{option} {name} is given twice: {pairs[name]} and {address}; remove one of them"
            )
        pairs[name] = address
    return pairs


@main.command()
@click.argument("name")
def spec(name: str) -> None:
    """Print a component as Azure's command component YAML, derived from its signature."""
    from automl_components import pipeline
    from automl_components.core.settings import write_yaml

    click.echo(write_yaml(pipeline.find(name).spec()), nl=False)


@main.command()
@click.argument("model")
@click.argument("table")
@click.option(
    "--output", "-o", required=True, metavar="FILE", help="A .csv, .parquet or .jsonl file to write."
)
@_verbosity
def predict(model: str, table: str, output: str, verbosity: str | None) -> None:
    """Predict the rows of TABLE with MODEL: a `best_model` folder.

    Writes a `prediction` column and, for classification, `proba_<class>` for each class; rows keep their order.

    \b
    Examples:
      automl predict runs/bank/best_model new_rows.csv --output predictions.parquet
      automl predict $(automl model runs/bank --trial 3) new_rows.csv --output predictions.csv
    """
    from automl_components import flavor
    from automl_components.core import storage
    from automl_components.core.tables import read_table, write_table

    rows = read_table(table)
    loaded = flavor.load_model(storage.localise(model, storage.read_marker(model)))
    try:
        made = loaded.predict_table(rows)
    except DataError as error:
        raise DataError(f"{table}: {error}") from error
    with storage.writing(output):
        write_table(made, output)
    if _tells(verbosity):
        click.echo(f"{len(made)} predictions: {output}", err=True)


@main.command()
@click.argument("folder")
@click.option("--trial", type=int, help="Number of a trial.")
@click.option("--metric", help="Take the trial that is best by this metric.")
@_verbosity
def model(folder: str, trial: int | None, metric: str | None, verbosity: str | None) -> None:
    """Make the model of any trial of a run FOLDER, and print its path.

    \b
    Examples:
      automl model runs/bank --trial 3
      automl model runs/bank --metric accuracy
    """
    from automl_components.run import Run
    from automl_components.terminal import watching

    with watching(verbosity):
        path = Run(folder).model(trial=trial, metric=metric)
    click.echo(path)


@main.command()
@click.argument("folder")
@click.option("--data", metavar="TABLE", help="New rows; default: the run's own test rows.")
@click.option("--trial", type=int, help="Number of a trial; default: the best model.")
@click.option("--output", "-o", metavar="FOLDER", help="Where test_report and predictions go.")
@_verbosity
def test(folder: str, data: str | None, trial: int | None, output: str | None, verbosity: str | None) -> None:
    """Test the best model, or any trial, of a run FOLDER.

    Writes `predictions` and, where the rows have their target, a `test_report` with every metric and the charts.

    \b
    Example:
      automl test runs/bank --data last_month.csv --trial 3 --output runs/bank-last-month
    """
    from automl_components import formats
    from automl_components.run import Run
    from automl_components.terminal import metrics_table, watching

    with watching(verbosity):
        made = Run(folder).test(data, trial=trial, output=output)
    report = made["test_report"].local
    if (report / "metrics.json").exists():
        metrics_table(formats.read_json(report / "metrics.json"))
    for name, reference in made.items():
        click.echo(f"{name}: {reference.path}")


@main.command()
@click.argument("folder")
@_verbosity
def log(folder: str, verbosity: str | None) -> None:
    """Log a finished run FOLDER to MLflow: what to do when the server could not be reached.

    However often it is started, a run is logged once. The server is what MLFLOW_TRACKING_URI names.
    """
    from automl_components.run import Run
    from automl_components.terminal import watching

    with watching(verbosity):
        facts = Run(folder).log()
    if _tells(verbosity):
        click.echo(f"logged to {facts['tracking_uri']}, run {facts['run_id']}")


@main.command()
@click.argument("folder")
@click.option("--name", metavar="NAME", help="Registered model; default: the job's own.")
@click.option("--trial", type=int, help="Register this trial instead of the best model.")
@click.option("--metric", help="Register the trial that is best by this metric.")
@click.option("--alias", "aliases", multiple=True, help="An alias to give it; may be repeated.")
@_overrides
@_verbosity
def register(
    folder: str,
    name: str | None,
    trial: int | None,
    metric: str | None,
    aliases: tuple[str, ...],
    overrides: tuple[str, ...],
    verbosity: str | None,
) -> None:
    """Register a model of a run FOLDER in MLflow's registry.

    \b
    With a gate:
      automl register runs/bank --set gate.AUC_weighted=0.9 --set champion_alias=champion
    """
    from automl_components.core.settings import apply_overrides
    from automl_components.run import Run
    from automl_components.terminal import watching

    given: dict[str, Any] = {
        "model_name": name,
        "trial": trial,
        "metric": metric,
        "aliases": list(aliases) or None,
    }
    settings = apply_overrides({key: value for key, value in given.items() if value is not None}, overrides)
    with watching(verbosity):
        facts = Run(folder).register(**settings)
    if _tells(verbosity):
        click.echo(f"registered {facts['model_name']} version {facts['version']}: {facts['model_uri']}")


@main.command()
@click.argument("folder")
@_verbosity
def show(folder: str, verbosity: str | None) -> None:
    """Show a run FOLDER, finished or not: findings, leaderboard, test metrics, and where everything is."""
    from automl_components.run import Run
    from automl_components.terminal import summary

    summary(Run(folder), findings=True)


@main.command(name="list")
@click.argument(
    "catalog", type=click.Choice(["algorithms", "metrics", "guardrails", "transformers", "components"])
)
def list_(catalog: str) -> None:
    """List a catalog: what a job file may name."""
    from automl_components.terminal import catalog_table

    catalog_table(catalog)


if __name__ == "__main__":
    main()
