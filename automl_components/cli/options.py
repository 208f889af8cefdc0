"""What several commands take: settings changed on the way, and how much is told."""

from __future__ import annotations

import click

from automl_components.core.errors import SettingsError

VERBOSITIES = ("debug", "info", "warning", "error", "critical")
DEBUG = "automl.debug"
"""In the context: whether an error is shown with its traceback."""

overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Change one setting, such as --set limits.max_trials=10; may be repeated.",
)  # fmt: skip


def _listen(ctx: click.Context, _: click.Parameter, verbosity: str | None) -> str | None:
    from automl_components.terminal.watching import only_ours

    ctx.meta[DEBUG] = verbosity == "debug"
    ctx.with_resource(only_ours(all_of_it=verbosity == "debug"))
    return verbosity


verbosity = click.option(
    "--verbosity", type=click.Choice(VERBOSITIES, case_sensitive=False), callback=_listen,
    help="How much to tell: debug shows tracebacks, error nothing but errors; default: info.",
)  # fmt: skip


def tells(verbosity: str | None) -> bool:
    """Whether more than warnings and errors is wanted."""
    return verbosity in (None, "not_set", "debug", "info")


def pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """``NAME=ADDRESS`` texts as a mapping; SettingsError for one without an address, or a name given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, separator, address = text.partition("=")
        if not separator or not address:
            raise SettingsError(f"{option} {text!r}: give it as NAME=ADDRESS")
        if name in found:
            raise SettingsError(
                f"{option} {name} is given twice: {found[name]} and {address}; remove one of them"
            )
        found[name] = address
    return found
