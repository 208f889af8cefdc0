"""Numbers, times and foreign text as a terminal shows them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Minutes and seconds; hours before them where there are any.

    >>> clock(75.2), clock(3675), clock(-1)
    ('1:15', '1:01:15', '0:00')
    """
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def figure(value: float | None) -> str:
    """A score: five decimals, or five digits where these would hide it.

    >>> figure(0.98184), figure(1234567.8), figure(0.0000123), figure(None), figure(float("nan"))
    ('0.98184', '1.2346e+06', '1.23e-05', '-', '-')
    """
    if value is None or value != value:
        return "-"
    return f"{value:.5f}" if value == 0 or 0.001 <= abs(value) < 100_000 else f"{value:.5g}"


def plain(text: object) -> str:
    """Text with rich's markup escaped."""
    from rich.markup import escape

    return escape(str(text))
