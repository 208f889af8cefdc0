"""Commands for one stage at a time: ``component`` runs it, ``spec`` prints it."""

from __future__ import annotations

import click

from automl_components.cli import options
from automl_components.core.errors import SettingsError, nearest


@click.command(short_help="Run one stage in its own process, or list them.")
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
@options.overrides
@options.verbosity
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
        made = found.run(
            options.pairs("--input", inputs), options.pairs("--output", outputs), sections, reuse=reuse
        )
    if options.tells(verbosity):
        for output, reference in made.items():
            click.echo(f"{output}: {reference.path}")


@click.command(short_help="Print a stage as Azure's component YAML.")
@click.argument("name")
def spec(name: str) -> None:
    """Print a component as Azure's command component YAML, derived from its signature.

    It runs in the Azure environment `automl-components`: register an image that has this package under that name.
    """
    from automl_components import pipeline
    from automl_components.core.settings import write_yaml

    click.echo(write_yaml(pipeline.find(name).spec()), nl=False)
