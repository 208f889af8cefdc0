"""The group that holds the commands: their order, and what becomes of an error."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from automl_components.cli.options import DEBUG
from automl_components.core.errors import AutoMLError


class Commands(click.Group):
    """Commands in the order of a day's work, not of the alphabet; our own errors as one message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which the commands were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
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


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="automl-components")
def main() -> None:
    """Automated machine learning as typed pipeline components.

    \b
    Start here:
      automl demo                       a whole run on a built-in table
      automl run job.yml                an Azure AutoML job file, run on this machine
      automl predict runs/job new_rows.csv --output predictions.parquet
    """
    here = os.fspath(Path.cwd())
    if here not in sys.path:
        # a custom metric may live there; at the end, so that no file of it hides a library
        sys.path.append(here)
