"""What each raw column was taken for, and what became of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from automl_components.report.contents import Contents, Record
from automl_components.report.words import plural, short

SHOWN = 60  # rows of a table
NAMED = 12  # features of one transformer that are named


def fill(contents: Contents) -> dict[str, Any] | None:
    """The featurization summary; of very many columns those that were dropped and those that gave most."""
    rows = [row(record) for record in contents.columns]
    if not rows:
        return None
    made, dropped = sum(r["count"] for r in rows), sum(r["dropped"] for r in rows)
    text = f"{plural(len(rows), 'raw column')} became {plural(made, 'feature')}"
    return {
        "summary": f"{text}, {dropped} of them dropped." if dropped else f"{text}; none was dropped.",
        "types": Counter(r["type"] for r in rows).most_common(),
        "rows": select(rows),
        "hidden": max(0, len(rows) - SHOWN),
        "reasons": any(r["reason"] for r in rows),
        "features": [origin(record) for record in contents.features[:SHOWN]],
        "more": max(0, len(contents.features) - SHOWN),
    }


def row(record: Record) -> dict[str, Any]:
    """One raw column; the summary has Azure's key ``Tranformations``, misspelt as Azure does."""
    done = record.get("Transformations", record.get("Tranformations")) or []
    return {
        "name": record.get("RawFeatureName", ""),
        "type": record.get("TypeDetected", ""),
        "dropped": str(record.get("Dropped", "No")).lower() in ("yes", "true"),
        "count": int(record.get("EngineeredFeatureCount") or 0),
        "done": [str(one) for one in ([done] if isinstance(done, str) else done)],
        "reason": record.get("Reason", ""),
    }


def origin(record: Record) -> dict[str, Any]:
    """What one transformer makes of which columns."""
    names = [short(name, 60) for name in record.get("names", ())]
    return {
        "columns": ", ".join(short(name, 60) for name in record.get("columns", ())),
        "title": record.get("title", record.get("transformer", "")),
        "names": ", ".join(names[:NAMED])
        + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""),
    }


def select(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows in their order, or of too many those that matter most."""
    if len(rows) <= SHOWN:
        return rows
    dropped = [r for r in rows if r["dropped"]][: SHOWN // 3]
    kept = sorted((r for r in rows if not r["dropped"]), key=lambda r: -r["count"])
    return [*kept[: SHOWN - len(dropped)], *dropped]
