"""The component that settles rows, target and splits, and runs the guardrails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from automl_components.core.artifacts import Input, Output, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.errors import GuardrailError
from automl_components.core.events import emit
from automl_components.core.settings import (
    FeaturizationSettings,
    GuardrailSettings,
    SplitSettings,
    TaskSettings,
)

if TYPE_CHECKING:
    from automl_components.guardrails import Finding

LEVELS = {"Passed": logging.DEBUG, "Done": logging.INFO, "Alerted": logging.WARNING}


@component(version="4")
def validate_data(
    training_data: Input[mltable],
    checked_data: Output[mltable],
    guardrail_report: Output[uri_folder],
    *,
    task: TaskSettings,
    splits: SplitSettings,
    featurization: FeaturizationSettings,
    guardrails: GuardrailSettings,
    validation_data: Input[mltable] | None = None,
    test_data: Input[mltable] | None = None,
) -> None:
    """Check the tables, fix the splits, and report what the guardrails find.

    Everything that would make the later steps fail is refused here, before any training: the message names the
    column, the rows and the remedy; and what ``guardrails.fail_on`` names stops the run here, with the report.
    ``checked_data`` holds the rows that can be learnt from with their splits, and, where ``test_data_size`` is given,
    the rows that were cut off first for the test run; its ``columns.json`` says what each column was detected as, so
    that ``featurize_data`` need not look again.
    """
    from automl_components import formats
    from automl_components.core.tables import read_table
    from automl_components.engine import checking, consequences, folds
    from automl_components.engine.machine import whole_memory

    training = read_table(training_data.path)
    checked = checking.check_tables(
        training,
        None if validation_data is None else read_table(validation_data.path),
        None if test_data is None else read_table(test_data.path),
        task=task.task, target_column_name=task.target_column_name, weight_column_name=task.weight_column_name,
        positive_label=task.positive_label, split_column_names=splits.cv_split_column_names,
        group_column_name=splits.group_column_name, split_time_column_name=splits.split_time_column_name,
    )  # fmt: skip
    test = None
    if splits.test_data_size is not None:
        cut = folds.split_test(
            checked.y, task=task.task, size=splits.test_data_size, groups=checked.groups, time_order=checked.time,
            validation_rows=checked.validation, seed=task.seed,
        )  # fmt: skip
        test = training.iloc[checked.frame.index[cut]].reset_index(drop=True).rename(columns=str)
        checked = checked.take(~cut)
    made = folds.make_splits(
        checked.y, task=task.task, n_cross_validations=splits.n_cross_validations,
        validation_data_size=splits.validation_data_size, split_columns=checked.split_columns,
        groups=checked.groups, time_order=checked.time, validation_rows=checked.validation,
        rule=splits.split_rule, columns=len(checked.frame.columns), seed=task.seed,
    )  # fmt: skip
    declared, dropped = featurization.column_name_and_types, featurization.drop_columns
    columns = checking.detect_columns(checked.frame, declared, dropped)
    facts = checking.facts_of(
        checked, made, columns, target_name=task.target_column_name,
        test=None if test is None else test[list(checked.frame)],
        featurize=featurization.mode != "off", repairs=featurization.repairs, memory_bytes=int(whole_memory()),
    )  # fmt: skip
    findings = checking.run_guardrails(facts, guardrails.mute)
    formats.write_json(guardrail_report.local / "findings.json", [finding.to_dict() for finding in findings])
    _tell(findings, guardrails.fail_on)
    formats.write_checked(
        formats.CheckedData(
            checked.frame, checked.y, [] if checked.classes is None else checked.classes.tolist(), made.matrix,
            checked.weights,
            {
                "task": task.task, "target": task.target_column_name, "weight": task.weight_column_name,
                "group": splits.group_column_name, "time": splits.split_time_column_name,
                "splits": made.to_dict(0 if test is None else len(test)), "notes": list(checked.notes),
                "personal": consequences.personal_columns(facts),
                "personal_texts": consequences.texts_with_personal_data(facts),
                "repairs": consequences.decided_repairs(findings, featurization.repairs),
            },
            test,
            {name: info for name, info in columns.items() if name not in declared and name not in dropped},
            checked.together,
        ),
        checked_data.local,
    )  # fmt: skip


def _tell(findings: Sequence[Finding], fail_on: Sequence[str]) -> None:
    """Tell every finding; GuardrailError with those that must stop the pipeline."""
    from automl_components.guardrails.findings import stopping

    for finding in findings:
        level = logging.DEBUG if finding.muted else LEVELS[finding.status]
        text = f"{finding.status}: {finding.title}: {finding.summary}"
        emit("finding", text, level=level, **finding.to_dict())
    if stops := stopping(findings, fail_on):
        lines = [f"{one.code} ({one.severity}): {one.summary} {one.advice}".rstrip() for one in stops]
        raise GuardrailError(
            "\n  ".join(
                ["guardrails.fail_on stops the run before anything is learnt; "
                 "guardrails.mute lets a finding pass, with a reason", *lines]
            ),
            finished=("guardrail_report",),
        )  # fmt: skip
