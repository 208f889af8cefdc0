"""The command that lists what a job file may name: ``list``."""

from __future__ import annotations

import click


@click.command(name="list")
@click.argument(
    "catalog", type=click.Choice(["algorithms", "metrics", "guardrails", "transformers", "components"])
)
def list_(catalog: str) -> None:
    """List a catalog: what a job file may name."""
    from automl_components.terminal import catalog_table

    catalog_table(catalog)
