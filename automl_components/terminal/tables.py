"""Tables on standard output: aligned to a terminal's width; in a pipe one unbroken line a row."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 100_000
"""Columns where nobody sets a width: in a file or a pipe, a row had better be one line."""


def console() -> Console:
    """Standard output."""
    from rich.console import Console

    made = Console(highlight=False)
    if is_piped(made):
        made.width = PIPED_WIDTH
    return made


def is_piped(console: Console) -> bool:
    """Whether no width is known that lines should fit into."""
    return not console.is_terminal and "COLUMNS" not in os.environ


def table(*columns: str) -> Table:
    """A table without lines, its columns two blanks apart."""
    from rich.table import Table

    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def show(console: Console, title: str, table: Table) -> None:
    """Print a table under its title."""
    if title:
        console.print(f"[bold]{title}[/]")
    if not is_piped(console):
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip(), file=console.file)
