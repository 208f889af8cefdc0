"""Commands that run a whole job: ``run`` and ``demo``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from automl_components.cli import options
from automl_components.core.errors import GateError, GuardrailError, SettingsError, TrackingError

if TYPE_CHECKING:
    from automl_components.job import Job


@click.command()
@click.argument("job", required=False, type=str)
@click.option(
    "--output", "-o", metavar="FOLDER", help="Folder or address of the run; default: runs/<name of the job>."
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted run; with --output, the job file may be left out.",
)
@click.option(
    "--replay",
    metavar="RUN",
    help="Repeat the trials and ensembles of this finished run instead of searching: the same model.",
)
@click.option("--fresh", is_flag=True, help="Do every step again, even where nothing has changed.")
@options.overrides
@options.verbosity
def run(
    job: str | None,
    output: str | None,
    resume: bool,
    replay: str | None,
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
      automl run job.yml --replay runs/bank --output runs/bank-again
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
    if replay is not None:
        loaded.set_limits(replay=replay)
    _run(loaded, output or loaded.default_output(job), verbosity, reuse=False if fresh else None)


@click.command(short_help="A whole run on a real, built-in table.")
@click.option(
    "--output", "-o", default="runs/demo", show_default=True, metavar="FOLDER", help="Folder of the run."
)
@click.option("--trials", default=8, show_default=True, help="Number of configurations to try.")
@options.verbosity
def demo(output: str, trials: int, verbosity: str | None) -> None:
    """The whole pipeline on a real table: which species is a penguin of?

    The Palmer penguins (Gorman, Williams and Fraser 2014; CC0): 344 rows, numbers and categories, missing values.
    """
    from automl_components.demo import penguins_job

    _run(penguins_job(trials), output, verbosity)


def _run(job: Job, output: str, verbosity: str | None, *, reuse: bool | None = None) -> None:
    from automl_components.run import Run
    from automl_components.terminal import summary

    verbosity = verbosity or job.log_verbosity
    click.get_current_context().meta[options.DEBUG] = verbosity == "debug"
    try:
        job.run(output, reuse=reuse, verbosity=verbosity)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"; what was finished is kept. Go on with: automl run --resume --output {shlex.quote(output)}"
        ) from None
    except GuardrailError:
        if options.tells(verbosity):
            summary(Run(output), findings=True)
        raise
    except (TrackingError, GateError) as error:
        if options.tells(verbosity):
            summary(Run(output))  # the model is there, even though it was not logged or registered
        raise type(error)(str(error).replace("RUN_FOLDER", shlex.quote(output))) from error
    if options.tells(verbosity):
        summary(Run(output))
