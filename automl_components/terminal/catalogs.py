"""What a catalog holds, on standard output."""

from __future__ import annotations

from collections.abc import Iterator

from automl_components.terminal import tables
from automl_components.terminal.words import plain


def catalog_table(name: str) -> None:
    """The entries of a catalog, as a job file may name them."""
    rows = list(_entries(name))
    table = tables.table(*rows[0])
    for row in rows:
        table.add_row(*map(plain, row.values()))
    tables.show(tables.console(), "", table)


def _entries(name: str) -> Iterator[dict[str, str]]:
    if name == "algorithms":
        from automl_components.algorithms import ALGORITHMS

        for entry in ALGORITHMS.values():
            missing = ", ".join(entry.missing_packages())
            yield {"name": entry.name, "title": entry.title, "tasks": ", ".join(entry.estimators),
                   "needs": f"{missing} (not installed)" if missing else ""}  # fmt: skip
    elif name == "metrics":
        from automl_components.metrics import METRICS

        for metric in METRICS.values():
            yield {
                "name": metric.name,
                "task": metric.task,
                "better": "greater" if metric.greater_is_better else "less",
            }
    elif name == "guardrails":
        from automl_components.guardrails import GUARDRAILS

        for guardrail in GUARDRAILS.values():
            yield {"name": guardrail.name, "title": guardrail.title}
    elif name == "transformers":
        from automl_components.transformers import TRANSFORMERS

        for transformer in TRANSFORMERS.values():
            yield {"name": transformer.name, "title": transformer.title, "makes": transformer.kind}
    else:
        from automl_components.pipeline import LINE

        for stage in LINE:
            yield {"name": stage.name, "title": stage.title}
