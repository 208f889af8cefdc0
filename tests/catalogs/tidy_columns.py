"""Tables in which there is nothing to find, drawn anew for every seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

SYLLABLES = ["ba", "ko", "ri", "mu", "ta", "ne", "lo", "shi", "ve", "du", "ga", "po"]


def tidy(seed: int) -> pd.DataFrame:
    """Some forty columns of usual distributions; 60 to 4,000 rows."""
    rng = np.random.default_rng(seed)
    rows = int(rng.choice([60, 200, 1000, 4000]))
    return pd.DataFrame({**_amounts(rng, rows), **_counts(rng, rows), **_labels(rng, rows)})


def _amounts(rng: np.random.Generator, rows: int) -> dict[str, object]:
    scale, decimals = float(10.0 ** rng.integers(-2, 5)), int(rng.integers(1, 4))
    common = rng.normal(size=rows)
    return {
        "normal": rng.normal(rng.normal(0, 3), 1, rows) * scale,
        "uniform": rng.uniform(0, 1, rows) * scale,
        "lognormal": rng.lognormal(0, rng.uniform(0.2, 2.5), rows) * scale,
        "exponential": np.round(rng.exponential(10 * scale, rows), decimals),
        "gamma": rng.gamma(rng.uniform(0.3, 8), scale, rows),
        "student": rng.standard_t(3, rows) * scale,
        "pareto": rng.pareto(2, rows) + 1,
        "rounded": np.round(rng.normal(0, 10, rows), decimals),
        "beta": rng.beta(2, 5, rows),
        "two_humps": np.where(rng.random(rows) < 0.5, rng.normal(0, 1, rows), rng.normal(8, 1, rows)),
        "prices": np.floor(rng.lognormal(3, 1, rows)) + 0.99,
        "income": np.round(rng.lognormal(7, 0.8, rows), -2),
        "latitude": rng.uniform(40, 50, rows),
        "with_gaps": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
        "length": common,
        "width": 0.95 * common + 0.31 * rng.normal(size=rows),
    }


def _counts(rng: np.random.Generator, rows: int) -> dict[str, object]:
    return {
        "calls": rng.poisson(rng.uniform(0.5, 30), rows),
        "tries": rng.geometric(rng.uniform(0.02, 0.5), rows),
        "claims": rng.negative_binomial(1, 0.05, rows),
        "whole": rng.integers(0, int(rng.choice([2, 5, 10, 50, 100, 1000])), rows),
        "age": np.clip(rng.normal(40, 14, rows).round(), 18, 95),
        "change": np.round(rng.normal(5, 2.2, rows)),
        "mostly_zero": np.where(rng.random(rows) < 0.7, 0, rng.lognormal(3, 1, rows).round()),
        "grade": rng.choice([1, 2, 3, 4, 5, 6], rows),
        "year": rng.integers(1990, 2024, rows),
        "score": np.clip(np.round(rng.normal(70, 20, rows)), 0, 100),
        "quantity": rng.zipf(2.2, rows).clip(max=10**6),
        "flag": (rng.random(rows) < 0.3).astype(int),
    }


def _labels(rng: np.random.Generator, rows: int) -> dict[str, object]:
    words = ["".join(rng.choice(SYLLABLES, rng.integers(2, 4))) for _ in range(60)]
    codes = [f"{a}-{b}" for a in range(9) for b in range(9)]
    pairs = zip(rng.choice(words, rows), rng.choice(words, rows), strict=True)
    return {
        "brand": [words[min(rank - 1, 59)] for rank in rng.zipf(1.7, rows)],
        "letter": rng.choice(list("abc"), rows),
        "level": rng.choice(["low", "medium", "high"], rows),
        "country": rng.choice(["AT", "DE", "NL", "NA", "US"], rows),
        "town": [word.title() for word in rng.choice(words, rows)],
        "district": [f"{a} {b}".title() for a, b in pairs],
        "garage": rng.choice(["none", "one", "two"], rows),
        "seat": rng.choice(codes, rows),
        "kind": pd.Categorical(rng.choice(words, rows)),
        "truth": rng.random(rows) < 0.4,
        "words": [" ".join(rng.choice(words, 8)) for _ in range(rows)],
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
        "moment": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**8, rows), unit="s"),
    }
