"""Gates: what follows only if the guardrails found nothing bad, or only if the new model is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseBranchOperator, BaseOperator, BranchMixIn, XComArg
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_provider.component import ComponentOperator
from airflow_provider.wiring import Outputs, check_source, is_later
from automl_components.core.errors import SettingsError, nearest

if TYPE_CHECKING:
    from airflow.sdk import Context

Severity = Literal["info", "warning", "error"]
SEVERITIES = ("info", "warning", "error")
REPORT = "guardrail_report"
BY_STATUS = {"Done": "info", "Alerted": "warning"}
"""Severity of a finding that names none."""


class GuardrailGateOperator(BaseOperator):
    """Let a run pass only if the guardrails found nothing of a severity or worse; otherwise fail, or skip the rest.

    Parameters
    ----------
    report : XComArg or mapping
        ``outputs["guardrail_report"]`` of the task that validates the data. Templated.
    severity : "info", "warning" or "error"
        The least that counts.
    codes : sequence of str, optional
        Only findings with these codes count, such as ``["class-balance"]``.
    on_findings : "fail" or "skip"
        What becomes of the task. A failure is final: a retry would find the same.
    """

    template_fields: Sequence[str] = ("report",)
    ui_color = "#f4ead5"

    def __init__(
        self,
        *,
        report: Any,
        severity: Severity = "error",
        codes: Sequence[str] | None = None,
        on_findings: Literal["fail", "skip"] = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.report, self.severity, self.codes, self.on_findings = report, severity, codes, on_findings
        _check(self, "severity", severity, SEVERITIES)
        _check(self, "on_findings", on_findings, ("fail", "skip"))
        _check_report(self, report, codes)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """An empty list where the gate is open; it fails or is skipped otherwise."""
        found = counted(self.task_id, self.report, self.severity, self.codes)
        if not found:
            self.log.info("no guardrail found anything of severity %r or worse", self.severity)
            return []
        text = "; ".join(f"{one['title']}: {one['summary']}" for one in found)
        self.log.error("%d of severity %r or worse: %s", len(found), self.severity, text)
        raise (AirflowFailException if self.on_findings == "fail" else AirflowSkipException)(text)


class GuardrailBranchOperator(BaseBranchOperator):
    """Go one way if the guardrails found something of a severity, or worse, and another way if not.

    Parameters
    ----------
    report, severity, codes
        As for :class:`GuardrailGateOperator`.
    if_found, otherwise : str or sequence of str
        Ids of the tasks or groups that follow; all others directly downstream are skipped.
    """

    template_fields: Sequence[str] = ("report",)
    ui_color = "#f4ead5"

    def __init__(
        self,
        *,
        report: Any,
        if_found: str | Sequence[str],
        otherwise: str | Sequence[str],
        severity: Severity = "error",
        codes: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.report, self.severity, self.codes = report, severity, codes
        self.if_found, self.otherwise = if_found, otherwise
        _check(self, "severity", severity, SEVERITIES)
        _check_report(self, report, codes)

    def choose_branch(self, context: Context) -> str | Sequence[str]:
        """Where to go."""
        found = counted(self.task_id, self.report, self.severity, self.codes)
        for one in found:
            self.log.warning("%s: %s: %s", one["status"], one["title"], one["summary"])
        return self.if_found if found else self.otherwise


class PromotionBranchOperator(ComponentOperator, BranchMixIn):
    """Register a model if its gate lets it through, and go one way if it did and another if not.

    The gate is what ``registration`` in the settings says: bounds of metrics, a champion to beat.

    Parameters
    ----------
    if_promoted, otherwise : str or sequence of str
        Ids of the tasks or groups that follow; all others directly downstream are skipped.
    **kwargs
        As for :class:`airflow_provider.component.ComponentOperator` with the component ``register_model``.
    """

    inherits_from_skipmixin = True

    def __init__(
        self,
        *,
        if_promoted: str | Sequence[str],
        otherwise: str | Sequence[str],
        component: str = "register_model",
        **kwargs: Any,
    ) -> None:
        super().__init__(component=component, on_refusal="skip", **kwargs)
        self.if_promoted, self.otherwise = if_promoted, otherwise

    def execute(self, context: Context) -> dict[str, Any]:
        """Register, then branch; what was made, nothing where the gate said no."""
        try:
            made = super().execute(context)
        except AirflowSkipException:
            self.outlets = []  # nothing was registered, so there is nothing to tell of
            self.do_branch(context, self.otherwise)
            return {}
        for name, one in made.items():  # branching ends the task before Airflow would do it
            context["ti"].xcom_push(name, one)
        self.do_branch(context, self.if_promoted)
        return made


def counted(task_id: str, report: Any, severity: str, codes: Sequence[str] | None) -> list[dict[str, Any]]:
    """The findings of a report, as another task returned it, that are of the severity or worse."""
    facts = report.get("facts", {}) if isinstance(report, Mapping) else {}
    if "findings" not in facts:
        raise AirflowFailException(
            f"task {task_id!r}: report is {report!r}; give outputs['guardrail_report'] of the task that validates"
        )
    found = [one for one in facts["findings"] if one["status"] != "Passed" and not one.get("muted")]
    if codes is not None:
        wanted = {_code(task_id, one) for one in codes}
        found = [one for one in found if one["code"] in wanted]
    return [one for one in found if SEVERITIES.index(_severity(one)) >= SEVERITIES.index(severity)]


def _code(task_id: str, code: str) -> str:
    """The catalog's spelling; an unknown code fails the task, since its gate would always be open."""
    try:
        from automl_components.guardrails import guardrail_code

        return guardrail_code(code)
    except ImportError:  # an environment that only starts the work cannot load the catalog
        return code
    except SettingsError as error:
        raise AirflowFailException(f"task {task_id!r}: codes: {error}") from None


def _severity(finding: Mapping[str, Any]) -> str:
    severity = finding.get("severity")
    return severity if severity in SEVERITIES else BY_STATUS.get(str(finding["status"]), "warning")


def _check(operator: BaseOperator, name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise SettingsError(f"task {operator.task_id!r}: {name} is {value!r}{nearest(str(value), known)}")


def _check_report(operator: BaseOperator, report: Any, codes: Any) -> None:
    """Refuse what is no report of guardrails."""
    try:
        if isinstance(report, BaseOperator) or is_later(report):
            check_source(REPORT, report, "uri_folder")
        elif not isinstance(report, Mapping):
            raise SettingsError(f"report is {report!r}; give outputs[{REPORT!r}] of the task that validates")
        for task, key in XComArg.iter_xcom_references(report):
            if isinstance(getattr(task, "outputs", None), Outputs) and key != REPORT:
                raise SettingsError(f"report is {key!r} of task {task.task_id!r}; give its {REPORT!r}")
        if isinstance(
            codes, str
        ):  # a sequence of letters, none of which is a code: the gate would always be open
            raise SettingsError(f"codes is {codes!r}; give a list of codes")
    except SettingsError as error:
        raise SettingsError(f"task {operator.task_id!r}: {error}") from None
