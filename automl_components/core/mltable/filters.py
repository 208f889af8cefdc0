"""The expressions of ``filter``: Python's syntax, a whitelist of its nodes, Arrow's arithmetic; nothing is evaluated."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any

from automl_components.core.errors import DataError, SettingsError, nearest

LONGEST = 10_000  # characters; a limit against texts that only serve to exhaust the parser
_NAMED = {"true": True, "false": False, "null": None, "none": None}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "equal", ast.NotEq: "not_equal", ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater",
    ast.GtE: "greater_equal", ast.Is: "equal", ast.IsNot: "not_equal", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add_checked", ast.Sub: "subtract_checked", ast.Mult: "multiply_checked", ast.Div: "divide",
    ast.FloorDiv: "floor_divide", ast.Mod: "modulo", ast.Pow: "power",
}  # fmt: skip
_JOIN: dict[type[ast.operator | ast.boolop], str] = {
    ast.And: "and_kleene", ast.Or: "or_kleene", ast.BitAnd: "and_kleene", ast.BitOr: "or_kleene",
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A condition on rows, such as ``col("temperature") > 32 and col("location") == "UK"``.

    Columns are ``col("name")`` or bare names. Known are ``and or not & | ~``, comparisons (chained ones, too),
    ``in``, ``is None``, ``+ - * / // % **``, numbers, texts, ``true``, ``false``, ``null`` and ``datetime(...)``
    with numbers or one ISO text. As in SQL a comparison with a missing value is unknown, and a row is kept only
    where the condition is true.
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
            raise SettingsError(f"{where}: {line!r}, character {error.offset}: {error.msg}") from None
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
            value = _Evaluation(self, table).value(self.node)
        except pa.ArrowException as error:
            raise DataError(f"{self.where}: {self.text!r}: {str(error).splitlines()[0]}") from None
        except RecursionError:
            raise SettingsError(f"{self.where}: the condition is nested too deeply") from None
        if not _is_condition(value):
            raise DataError(
                f"{self.where}: {self.text!r} is {value.type}, not a condition; compare it with something"
            )
        return value

    def wrong(self, node: ast.AST, why: str) -> SettingsError:
        """The error that names a part of the condition."""
        return SettingsError(f"{self.where}: {self.text.strip()!r}: {ast.unparse(node)!r} {why}")

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
                if type(op) not in _ARITHMETIC and type(op) not in _JOIN:
                    raise self.wrong(node, "uses an operator that is not known here")
                self._check(left)
                self._check(right)
            case ast.Compare(left=left, ops=ops, comparators=others):
                self._check(left)
                for op, other in zip(ops, others, strict=True):
                    if isinstance(op, (ast.In, ast.NotIn)) != isinstance(
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
                _date(values)
            except (TypeError, ValueError) as error:
                raise self.wrong(node, f"is not a date: {error}") from None


def _date(values: list[Any]) -> dt.datetime:
    if len(values) == 1 and isinstance(values[0], str):
        return dt.datetime.fromisoformat(values[0].replace("Z", "+00:00"))
    if not all(type(value) is int for value in values):
        raise TypeError("give year, month, day, ... as numbers, or one ISO text")
    return dt.datetime(*values)


def _is_condition(value: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_boolean(value.type) or types.is_null(value.type))


class _Evaluation:
    """One condition over one table: every method returns an Arrow array or scalar."""

    def __init__(self, condition: Condition, table: Any) -> None:
        import pyarrow.compute as pc

        self.condition, self.table, self.pc = condition, table, pc

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return self.scalar(node, value)
            case ast.Name(id=name) if name not in self.table.column_names and name.lower() in _NAMED:
                return self.scalar(node, _NAMED[name.lower()])
            case ast.Name(id=name):
                return self.column(name)
            case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=name)]):
                return self.column(str(name))
            case ast.Call(args=parts):
                return self.scalar(
                    node, _date([part.value for part in parts if isinstance(part, ast.Constant)])
                )
            case ast.BoolOp(op=join, values=parts):
                return reduce(self.function(_JOIN[type(join)]), [self.truth(part) for part in parts])
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _JOIN:
                return self.function(_JOIN[type(sign)])(self.truth(left), self.truth(right))
            case ast.BinOp(left=left, op=sign, right=right):
                return self.arithmetic(_ARITHMETIC[type(sign)], self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return self.pc.invert(self.truth(operand))
            case ast.UnaryOp(op=sign, operand=operand):
                value = self.value(operand)
                return self.pc.negate_checked(value) if isinstance(sign, ast.USub) else value
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                pairs = [
                    self.compare(_COMPARE[type(op)], *two)
                    for op, two in zip(ops, pairwise(sides), strict=True)
                ]
                return reduce(self.function("and_kleene"), pairs)
        raise self.condition.wrong(node, "stands where a value is needed")

    def function(self, name: str) -> Callable[..., Any]:
        return getattr(self.pc, name)  # type: ignore[no-any-return]

    def scalar(self, node: ast.expr, value: Any) -> Any:
        import pyarrow as pa

        try:
            return pa.scalar(value)
        except OverflowError:
            raise self.condition.wrong(node, "is too large for a 64-bit number") from None

    def column(self, name: str) -> Any:
        import pyarrow.types as types

        if name not in self.table.column_names:
            known = nearest(name, self.table.column_names)
            raise DataError(
                f"{self.condition.where}: {self.condition.text!r}: there is no column {name!r}{known}"
            )
        column = self.table[name]
        return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column

    def truth(self, node: ast.expr) -> Any:
        """A part that stands beside and, or, not, & or |."""
        import pyarrow as pa

        value = self.value(node)
        if not _is_condition(value):
            raise self.condition.wrong(
                node, f"is {value.type}, not a condition; put the conditions beside & and | in parentheses"
            )
        return value.cast(pa.bool_())

    def arithmetic(self, operation: str, left: Any, right: Any) -> Any:
        if operation.endswith("_checked"):
            return self.function(operation)(left, right)
        left, right = left.cast("float64", safe=False), right.cast("float64", safe=False)
        if operation in {"divide", "power"}:  # true division, as in Python; Arrow's of integers truncates
            return self.function(operation)(left, right)
        floor = self.pc.floor(self.pc.divide(left, right))
        return (
            floor if operation == "floor_divide" else self.pc.subtract(left, self.pc.multiply(right, floor))
        )

    def compare(self, operation: str, left: ast.expr, right: ast.expr) -> Any:
        if isinstance(right, (ast.List, ast.Tuple, ast.Set)):
            found = self.any_of(left, right.elts)
            return found if operation == "in" else self.pc.invert(found)
        one, other = self.value(left), self.value(right)
        if operation in {"equal", "not_equal"} and (_is_null(one) or _is_null(other)):
            missing = self.pc.is_null(one if _is_null(other) else other)
            return missing if operation == "equal" else self.pc.invert(missing)
        return self.function(operation)(*self.comparable(one, other, left, right))

    def any_of(self, node: ast.expr, items: list[ast.expr]) -> Any:
        """Whether a value is in a list; unknown for a missing value, unless the list holds null."""
        import pyarrow as pa

        value = self.value(node)
        values = [self.value(item) for item in items]
        plain = [self.comparable(value, each, node, item)[1] for each, item in zip(values, items, strict=True)
                 if not _is_null(each)]  # fmt: skip
        if not all(isinstance(each, pa.Scalar) for each in plain):
            raise self.condition.wrong(
                node, "is looked for in a list that holds columns; lists hold plain values"
            )
        unknown = self.pc.if_else(self.pc.is_valid(value), False, pa.scalar(None, pa.bool_()))
        found = reduce(self.pc.or_kleene, [self.pc.equal(value, each) for each in plain], unknown)
        return self.pc.or_kleene(found, self.pc.is_null(value)) if len(plain) < len(values) else found

    def comparable(self, one: Any, other: Any, left: ast.expr, right: ast.expr) -> tuple[Any, Any]:
        """Both sides, a text beside dates read as a date, a date without a zone beside zoned ones as UTC."""
        return self.like(one, other.type, left), self.like(other, one.type, right)

    def like(self, value: Any, kind: Any, node: ast.expr) -> Any:
        import pyarrow as pa

        if not isinstance(value, pa.Scalar) or not pa.types.is_temporal(kind):
            return value
        date = value.as_py()
        if isinstance(date, str):
            try:
                date = _date([date])
            except ValueError:
                raise self.condition.wrong(node, "is compared with a date, but is none") from None
        if isinstance(date, dt.datetime) and pa.types.is_timestamp(kind):
            zoned = date if date.tzinfo else date.replace(tzinfo=dt.timezone.utc)
            return pa.scalar(zoned if kind.tz else zoned.astimezone(dt.timezone.utc).replace(tzinfo=None))
        return pa.scalar(date)


def _is_null(value: Any) -> bool:
    import pyarrow as pa

    return isinstance(value, pa.Scalar) and not value.is_valid
