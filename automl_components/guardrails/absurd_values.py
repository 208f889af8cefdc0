"""Single values that cannot be true: an age of 300, a year of 3020, seventy tonnes among kilograms."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from automl_components.guardrails import (
    LISTED,
    Facts,
    Finding,
    Guardrail,
    Repair,
    counted,
    how_to_repair,
    listed,
    looks,
    sentence,
)
from automl_components.guardrails.personal_data import personal_kinds

LEAST_ROWS = 50
RARE = 0.01  # share of the rows: what is more frequent is no slip
FAR, FAR_LOG = 10.0, 6.0  # spreads (of the middle 90 percent) beyond, of values and of their logarithms
FAR_BOTH = 1e5  # of values of either sign
YEARS = (1800, 2150)

LIMITS = (  # by a column's name: what can be true
    (re.compile(r"(?:^|.*[^a-z])age(?:_?(?:years|yrs|in_years))?$"), 0, 130),
    (re.compile(r"(?:^|.*[^a-z])lat(?:itude)?$"), -90, 90),
    (re.compile(r"(?:^|.*[^a-z])(?:lon|lng|long|longitude)$"), -180, 180),
    (
        re.compile(r"(?:^|.*[^a-z])(?:birth_?year|year_?(?:of_?birth|born|built)?|yr_?built|model_?year)$"),
        1000,
        2150,
    ),
)


@dataclass(frozen=True)
class Absurd:
    """Values of one column beyond what is possible, or believable.

    Attributes
    ----------
    rows : int
    values : list of float
        The farthest, at most three.
    usual : tuple of two floats
        Where values can lie, or nine tenths of them do.
    possible : bool
        Whether ``usual`` is what is possible by the column's name.
    bounds : tuple of two floats
        Beyond which a value is one of them; infinite where there is none.
    """

    rows: int
    values: list[float]
    usual: tuple[float, float]
    possible: bool
    bounds: tuple[float, float]


def find_absurd(name: str, values: np.ndarray) -> Absurd | None:
    """The few values of a column that cannot be true.

    By the column's name (an age is 0 to 130), or far beyond all others: in positive numbers more than 10
    times the spread of the middle nine tenths, and 6 times that of their logarithms, which spares amounts.

    >>> find_absurd("age", np.array([40.0] * 99 + [300.0])).values
    [300.0]
    >>> find_absurd("weight", np.append(np.linspace(60, 90, 200), 70_000)).values
    [70000.0]
    """
    if len(values) < LEAST_ROWS:
        return None
    limits = next(((low, high) for shape, low, high in LIMITS if shape.match(looks.plain_name(name))), None)
    if limits and (found := _beyond(values, *limits, True)):
        return found
    least, most = np.quantile(values, [0.05, 0.95])
    if most == least:
        return None
    if values.min() < 0:
        spread = FAR_BOTH * (most - least)
        return _beyond(values, least - spread, most + spread, False, (least, most))
    if least <= 0:
        return None
    by_factor = np.log(most) + FAR_LOG * np.log(most / least)
    high = max(most + FAR * (most - least), np.exp(min(by_factor, 700.0)))
    return _beyond(values, -np.inf, high, False, (least, most))


def _beyond(
    values: np.ndarray, low: float, high: float, possible: bool, usual: tuple[float, float] | None = None
) -> Absurd | None:
    far = values[(values < low) | (values > high)]
    if not 0 < len(far) <= max(1, RARE * len(values)):
        return None
    middle = float(np.median(values))
    farthest = sorted(set(far.tolist()), key=lambda value: -abs(value - middle))[:3]
    least, most = usual or (low, high)
    return Absurd(len(far), farthest, (float(least), float(most)), possible, (float(low), float(high)))


def find_absurd_years(days: np.ndarray) -> Absurd | None:
    """The few dates whose year is far from our time, in datetime64[D].

    >>> find_absurd_years(np.array(["2020-01-01"] * 99 + ["1020-01-01"], "datetime64[D]")).values
    [1020.0]
    """
    years = days.astype("datetime64[Y]").astype(np.float64) + 1970
    return _beyond(years, *YEARS, True) if len(years) >= LEAST_ROWS else None


def _find(look: looks.Look) -> dict[str, Absurd]:
    found = {name: find_absurd(name, values) for name, values in look.measures.items()}
    found |= {name: find_absurd_years(days) for name, days in look.dates.items()}
    private = personal_kinds(look)  # their values are shown nowhere
    return {name: absurd for name, absurd in found.items() if absurd and name not in private}


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    found = _find(look)
    if not found:
        return GUARDRAIL.passed("No single values are beyond belief.", {"columns": 0})
    mended = [name for name in found if facts.mends(GUARDRAIL.name, name, certain=False)]
    left = [name for name in found if name not in mended]
    summary = sentence("; ".join(_words(name, absurd) for name, absurd in list(found.items())[:LISTED]))
    details = {
        "columns": len(found),
        "rows": sum(absurd.rows for absurd in found.values()),
        "values": [
            {
                "column": name,
                "rows": a.rows,
                "farthest": a.values,
                "usual": list(a.usual),
                "by_name": a.possible,
                "repaired": name in mended,
            }
            for name, a in found.items()
        ][:LISTED],
    }
    repairs = [Repair(name, "missing", found[name].rows, beyond=_ends(found[name].bounds)) for name in mended]
    done = f"Counted as missing, in new rows too: values as far out in {listed(mended)}." if mended else None
    if not left and done:
        return GUARDRAIL.done(summary, repair=done, details=details, repairs=repairs)
    return GUARDRAIL.alerted(
        summary,
        remedy=f"They are kept in {listed(left)}: scaled and linear models are ruled by such values, trees hardly. "
        f"Correct them; {how_to_repair(facts, GUARDRAIL.name, left)} counts values so far out as missing.",
        details=details,
        repair=done,
        repairs=repairs,
    )


def _ends(bounds: tuple[float, float]) -> tuple[float | None, float | None]:
    low, high = bounds
    return (low if np.isfinite(low) else None, high if np.isfinite(high) else None)


def _words(name: str, absurd: Absurd) -> str:
    shown = ", ".join(f"{value:g}" for value in absurd.values)
    low, high = absurd.usual
    rest = (
        f"can lie between {low:g} and {high:g}"
        if absurd.possible
        else f"is {low:g} to {high:g} in nine of ten rows"
    )
    return f"{name!r} {rest}, but lies elsewhere in {counted(absurd.rows, 'row')} ({shown})"


def _example(facts: Facts) -> Facts:
    kilograms = np.linspace(60, 90, len(facts.frame))
    return facts.with_column("weight", np.where(np.arange(len(kilograms)) == 7, 7e4, kilograms), "Numeric")


GUARDRAIL = Guardrail("absurd-values", "Values beyond belief", _check, _example, rank=59)
