"""The errors of this project: one small tree.

::

    AutoMLError
    ├── UserError             what was given is wrong; the command line exits with code 2
    │   ├── DataError         a file, a column or a row
    │   ├── SettingsError     a key or a value of a job file or of an argument
    │   ├── ArtifactError     an input that is missing or incomplete, an output that cannot be written
    │   └── TrustError        a model file that would run code nobody vouched for
    └── RunError              the work itself failed; the command line exits with code 1
        ├── NoModelError      not a single trial could be trained
        ├── TrackingError     the MLflow server did not answer; nothing finished is lost
        ├── GateError         a registration gate said no; nothing was changed
        └── GuardrailError    a guardrail that fail_on names has something to say; nothing was learnt

A message says what was found, where (file, column, row or key) and what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class AutoMLError(Exception):
    """Base of every error that this package raises on purpose."""

    exit_code = 1


class UserError(AutoMLError):
    """What the caller gave is wrong; the message names it and the remedy."""

    exit_code = 2


class DataError(UserError):
    """A table cannot be used: the message names the file, column or row."""


class SettingsError(UserError):
    """A setting is unknown, out of range, or contradicts another one."""


class ArtifactError(UserError):
    """An input artifact is missing or incomplete, or an output cannot be written."""


class TrustError(UserError):
    """A model file holds types outside the trusted libraries."""


class RunError(AutoMLError):
    """The inputs were fine, the work was not.

    Attributes
    ----------
    finished : tuple of str
        Outputs of the component that are complete all the same: they are kept, and the message says where.
    """

    def __init__(self, message: str = "", *, finished: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.finished = finished


class NoModelError(RunError):
    """Every trial failed; the message lists the causes."""


class TrackingError(RunError):
    """MLflow could not be reached; the finished run is still on disk."""


class GateError(RunError):
    """A registration gate refused the model; nothing was registered."""


class GuardrailError(RunError):
    """A guardrail that ``guardrails.fail_on`` names has a finding; the message holds it, nothing was learnt."""


SHOWN = 12
"""Most names that a hint lists."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest known one, those that share a word with it, or some of all.

    >>> nearest("max_trial", ["max_trials", "timeout_minutes"])
    "; did you mean 'max_trials'?"
    >>> nearest("auc", ["AUC_macro", "AUC_weighted", "accuracy"])
    "; did you mean 'AUC_macro' or 'AUC_weighted'?"
    >>> nearest("zzz", ["b", "a"])
    '; known: a, b'
    """
    options = sorted(set(known))
    folded = {option.lower(): option for option in options}
    close = [folded[one] for one in difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)]
    if alike := close or _sharing_a_word(name, options)[:SHOWN]:
        *first, last = map(repr, alike)
        return f"; did you mean {', '.join(first)}{' or ' if first else ''}{last}?"
    more = f" and {len(options) - SHOWN} more" if len(options) > SHOWN else ""
    return f"; known: {', '.join(options[:SHOWN])}{more}" if options else ""


def _sharing_a_word(name: str, options: Iterable[str]) -> list[str]:
    """The options that have a word of ``name``, such as ``auc`` of ``roc_auc``; single letters are no words."""
    words = {word for word in _words(name) if len(word) > 1}
    return [option for option in options if words & _words(option)]


def _words(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", name.lower()))
