"""What a person sees: progress while something runs, a report at its end.

Progress goes to standard error and results to standard output, so that they can be kept apart.
"""

from automl_components.terminal.report import catalog_table, metrics_table, summary
from automl_components.terminal.watching import watching

__all__ = ["catalog_table", "metrics_table", "summary", "watching"]
