"""What a person sees: progress while something runs, a report at its end; and the same report for a program.

Progress goes to standard error and results to standard output, so that they can be kept apart.
"""

from automl_components.terminal.catalogs import catalog_table
from automl_components.terminal.facts import run_facts
from automl_components.terminal.report import metrics_table, summary
from automl_components.terminal.watching import following, watching

__all__ = ["catalog_table", "following", "metrics_table", "run_facts", "summary", "watching"]
