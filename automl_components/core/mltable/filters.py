"""The expressions of ``filter``: Python's syntax, a whitelist of its nodes, Arrow's arithmetic."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from automl_components.core.errors import DataError, SettingsError
from automl_components.core.mltable.evaluation import (
    ARITHMETIC,
    JOIN,
    Evaluation,
    as_date,
    is_condition,
    wrong_part,
)

LONGEST = 10_000  # characters; a limit against texts that only serve to exhaust the parser


@dataclass(frozen=True)
class Condition:
    """A condition on rows, such as ``col("temperature") > 32 and col("location") == "UK"``.

    The text is parsed, never run as code. Columns are ``col("name")`` or bare names. Known are
    ``and or not``, ``& | ~``, comparisons (chained ones, too), ``in``, ``is None``, ``+ - * / // % **``,
    numbers, texts, ``true``, ``false``, ``null`` and ``datetime(...)`` with numbers or one ISO text. As in
    SQL a comparison with a missing value is unknown, and a row is kept only where the condition is true.
    """

    text: str
    node: ast.expr = field(compare=False, repr=False)
    where: str = field(default="filter", compare=False)

    @classmethod
    def parse(cls, text: object, where: str = "filter") -> Condition:
        """The condition that a text means.

        Raises
        ------
        SettingsError
            The text is no condition; the message names the part that is wrong.
        """
        if not isinstance(text, str) or not text.strip():
            raise SettingsError(f'{where}: found {text!r}; should be a condition such as col("age") > 32')
        if len(text) > LONGEST:
            raise SettingsError(f"{where}: the condition has {len(text)} characters; at most {LONGEST}")
        line = text.strip().replace("\n", " ")
        try:
            condition = cls(text, ast.parse(line, mode="eval").body, where)
            condition._check(condition.node)
        except SyntaxError as error:
            at = f"character {error.offset}" if error.offset else "at its end"
            hint = "; compare with ==" if line[(error.offset or 0) - 1] == "=" else ""
            raise SettingsError(f"{where}: {line[:200]!r}, {at}: {error.msg}{hint}") from None
        except (RecursionError, MemoryError):
            raise SettingsError(f"{where}: the condition is nested too deeply") from None
        except ValueError as error:  # a NUL character
            raise SettingsError(f"{where}: {line!r}: {error}") from None
        return condition

    def mask(self, table: Any) -> Any:
        """For each row of a ``pyarrow.Table`` true, false or null: a ``ChunkedArray`` or one ``Scalar``.

        Raises
        ------
        DataError
            A column is absent, or its type does not fit what it is compared with.
        """
        import pyarrow as pa

        try:
            value = Evaluation(self.text, self.where, table).value(self.node)
        except pa.ArrowException as error:
            raise DataError(f"{self.where}: {self.text!r}: {str(error).splitlines()[0]}") from None
        except RecursionError:
            raise SettingsError(f"{self.where}: the condition is nested too deeply") from None
        if not is_condition(value):
            raise DataError(
                f"{self.where}: {self.text!r} is {value.type}, not a condition; compare it with something"
            )
        return value

    def wrong(self, node: ast.AST, why: str) -> SettingsError:
        """The error that names a part of the condition."""
        return wrong_part(self.text, self.where, node, why)

    def _check(self, node: ast.expr) -> None:
        """Refuse whatever is not on the list, before any data is read."""
        match node:
            case ast.Constant(value=value):
                if value is not None and not isinstance(value, (str, int, float)):
                    raise self.wrong(node, "is not a number, a text, true, false or null")
            case ast.Name() | ast.Call():
                self._check_name(node)
            case (
                ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts)
            ):
                for part in parts:
                    self._check(part)
            case ast.UnaryOp(operand=operand):
                self._check(operand)
            case ast.BinOp(left=left, op=op, right=right):
                if type(op) not in ARITHMETIC and type(op) not in JOIN:
                    raise self.wrong(node, "uses an operator that is not known here")
                self._check(left)
                self._check(right)
            case ast.Compare(left=left, ops=ops, comparators=others):
                self._check(left)
                for sign, other in zip(ops, others, strict=True):
                    if isinstance(sign, (ast.In, ast.NotIn)) != isinstance(
                        other, (ast.List, ast.Tuple, ast.Set)
                    ):
                        raise self.wrong(node, "should have a list of values after `in`, and nowhere else")
                    self._check(other)
            case _:
                raise self.wrong(
                    node, 'is not allowed; known are col("name"), comparisons, and/or/not and arithmetic'
                )

    def _check_name(self, node: ast.Name | ast.Call) -> None:
        if isinstance(node, ast.Name):
            return
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        values = [part.value for part in node.args if isinstance(part, ast.Constant)]
        if name not in {"col", "datetime"}:
            raise self.wrong(
                node, 'is not known; functions are col("name") and datetime(year, month, day, ...)'
            )
        if node.keywords or len(values) < len(node.args):
            raise self.wrong(node, f"should be {name}(...) with plain values")
        if name == "col" and not (len(values) == 1 and isinstance(values[0], str)):
            raise self.wrong(node, 'should name one column, as in col("age")')
        if name == "datetime":
            try:
                as_date(values)
            except (TypeError, ValueError) as error:
                raise self.wrong(node, f"is not a date: {error}") from None
