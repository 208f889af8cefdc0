"""The command line: ``automl run job.yml``, one stage at a time, predictions, models, registration.

A file here holds the commands of one part of a day's work. Nothing heavy is imported before a command runs.
"""

from automl_components.cli.app import main
from automl_components.cli.catalogs import list_
from automl_components.cli.components import component, spec
from automl_components.cli.jobs import demo, run
from automl_components.cli.predictions import predict
from automl_components.cli.registry import log, register
from automl_components.cli.runs import model, show, test

__all__ = ["main"]

for command in (run, demo, component, spec, predict, model, test, log, register, show, list_):
    main.add_command(command)
