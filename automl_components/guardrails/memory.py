"""Whether the table and what is made of it fit into memory."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail

# bytes a row that a column of each purpose takes as 4-byte features, its missing-value marker included; of a text its
# 32 components and 6 statistics, of a list its length
FEATURE_BYTES = {
    "Numeric": 8, "Boolean": 8, "Categorical": 8, "CategoricalHash": 8, "DateTime": 48, "Text": 152, "List": 4,
}  # fmt: skip
# bytes a character of sparse features: a word of six is in three n-grams of eight bytes (index and value), an item of a
# list of two or more characters with what separates it is one
CHARACTER_BYTES = {"Text": 4, "List": 3}
COPIES = 4  # the features, the rows that train, the learner's view of them and its own copy
TIGHT_ABOVE = 0.8  # share of the memory of the machine or container
SAMPLE = 1_000  # rows whose text is measured


def _check(facts: Facts) -> Finding | None:
    if facts.memory_bytes <= 0:
        return None
    need = _needed(facts)
    needed, there = round(need / 2**20, 1), round(facts.memory_bytes / 2**20, 1)
    figures = {"rows": len(facts.frame), "columns": facts.frame.shape[1], "needed_mb": needed}
    if need <= TIGHT_ABOVE * facts.memory_bytes:  # nothing of the machine: equal runs have equal reports
        return GUARDRAIL.passed(f"The data fits into memory: about {needed:,} MB are needed.", figures)
    return GUARDRAIL.alerted(
        f"Memory may run out: about {needed:,} MB are needed, the machine has {there:,} MB, for "
        f"{len(facts.frame):,} rows of {facts.frame.shape[1]:,} columns.",
        remedy="Take fewer rows, drop text columns, set max_concurrent_trials to 1, or use a larger machine; "
        "a trial that runs out of memory fails by itself and the search goes on.",
        details={**figures, "machine_mb": there},
    )


def _needed(facts: Facts) -> int:
    """Estimated bytes at the peak of one trial: the table, and COPIES of its features."""
    rows, sample = len(facts.frame), facts.frame.head(SAMPLE)
    scale = rows / max(len(sample), 1)
    table = float(sample.memory_usage(deep=True, index=False).sum()) * scale
    features = float(sum(FEATURE_BYTES.get(purpose, 0) for purpose in facts.purposes.values()) * rows)
    for purpose, each in CHARACTER_BYTES.items():
        for name in facts.columns(purpose):
            characters = sample[name].astype(str).str.len()
            features += each * int(pd.to_numeric(characters).sum()) * scale
    return int(table + COPIES * features)


GUARDRAIL = Guardrail(
    "memory",
    "Memory issues detection",
    _check,
    example=lambda facts: replace(facts, memory_bytes=1_000),
    rank=70,
    sample_rows=None,
)
