"""The conditions of ``filter`` over a table: each node of the parsed expression by an Arrow function."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from typing import Any

from automl_components.core.errors import DataError, SettingsError, nearest

_NAMED = {"true": True, "false": False, "null": None, "none": None}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "equal", ast.NotEq: "not_equal", ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater",
    ast.GtE: "greater_equal", ast.Is: "equal", ast.IsNot: "not_equal", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add_checked", ast.Sub: "subtract_checked", ast.Mult: "multiply_checked", ast.Div: "divide",
    ast.FloorDiv: "floor_divide", ast.Mod: "modulo", ast.Pow: "power",
}  # fmt: skip
JOIN: dict[type[ast.operator | ast.boolop], str] = {
    ast.And: "and_kleene", ast.Or: "or_kleene", ast.BitAnd: "and_kleene", ast.BitOr: "or_kleene",
}  # fmt: skip


def wrong_part(text: str, where: str, node: ast.AST, why: str) -> SettingsError:
    """The error that names a part of a condition."""
    return SettingsError(f"{where}: {text.strip()!r}: {ast.unparse(node)!r} {why}")


def as_date(values: list[Any]) -> dt.datetime:
    """What ``datetime(...)`` means: year, month, day and so on, or one ISO text."""
    if len(values) == 1 and isinstance(values[0], str):
        return dt.datetime.fromisoformat(values[0].replace("Z", "+00:00"))
    if not all(type(value) is int for value in values):
        raise TypeError("give year, month, day, ... as numbers, or one ISO text")
    return dt.datetime(*values)


def is_condition(value: Any) -> bool:
    """Whether an Arrow value is true, false or null."""
    import pyarrow.types as types

    return bool(types.is_boolean(value.type) or types.is_null(value.type))


class Evaluation:
    """One condition over one table: its methods return Arrow arrays or scalars.

    Parameters
    ----------
    text, where : str
        The condition, and where it stands; for messages.
    table : pyarrow.Table
    """

    def __init__(self, text: str, where: str, table: Any) -> None:
        import pyarrow.compute as pc

        self.text, self.where, self.table, self.pc = text, where, table, pc

    def wrong(self, node: ast.expr, why: str) -> SettingsError:
        """The error that names a part of the condition."""
        return wrong_part(self.text, self.where, node, why)

    def value(self, node: ast.expr) -> Any:
        """What an expression is, for all rows."""
        match node:
            case ast.Constant(value=value):
                return self._scalar(node, value)
            case ast.Name(id=name) if name not in self.table.column_names and name.lower() in _NAMED:
                return self._scalar(node, _NAMED[name.lower()])
            case ast.Name(id=name):
                return self._column(name)
            case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=name)]):
                return self._column(str(name))
            case ast.Call(args=parts):
                return self._scalar(
                    node, as_date([part.value for part in parts if isinstance(part, ast.Constant)])
                )
            case ast.BoolOp(op=join, values=parts):
                return reduce(self._function(JOIN[type(join)]), [self._truth(part) for part in parts])
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in JOIN:
                return self._function(JOIN[type(sign)])(self._truth(left), self._truth(right))
            case ast.BinOp(left=left, op=sign, right=right):
                return self._arithmetic(ARITHMETIC[type(sign)], self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return self.pc.invert(self._truth(operand))
            case ast.UnaryOp(op=sign, operand=operand):
                value = self.value(operand)
                return self.pc.negate_checked(value) if isinstance(sign, ast.USub) else value
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                pairs = [
                    self._compare(COMPARE[type(op)], *two)
                    for op, two in zip(ops, pairwise(sides), strict=True)
                ]
                return reduce(self._function("and_kleene"), pairs)
        raise self.wrong(node, "stands where a value is needed")

    def _function(self, name: str) -> Callable[..., Any]:
        return getattr(self.pc, name)  # type: ignore[no-any-return]

    def _scalar(self, node: ast.expr, value: Any) -> Any:
        import pyarrow as pa

        try:
            return pa.scalar(value)
        except OverflowError:
            raise self.wrong(node, "is too large for a 64-bit number") from None

    def _column(self, name: str) -> Any:
        import pyarrow.types as types

        if name not in self.table.column_names:
            known = nearest(name, self.table.column_names)
            raise DataError(f"{self.where}: {self.text!r}: there is no column {name!r}{known}")
        column = self.table[name]
        return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column

    def _truth(self, node: ast.expr) -> Any:
        """A part that stands beside and, or, not, & or |."""
        import pyarrow as pa

        value = self.value(node)
        if not is_condition(value):
            raise self.wrong(
                node, f"is {value.type}, not a condition; put the conditions beside & and | in parentheses"
            )
        return value.cast(pa.bool_())

    def _arithmetic(self, operation: str, left: Any, right: Any) -> Any:
        if operation.endswith("_checked"):
            return self._function(operation)(left, right)
        left, right = left.cast("float64", safe=False), right.cast("float64", safe=False)
        if operation in {"divide", "power"}:  # true division, as in Python; Arrow's of integers truncates
            return self._function(operation)(left, right)
        floor = self.pc.floor(self.pc.divide(left, right))
        return (
            floor if operation == "floor_divide" else self.pc.subtract(left, self.pc.multiply(right, floor))
        )

    def _compare(self, operation: str, left: ast.expr, right: ast.expr) -> Any:
        if isinstance(right, (ast.List, ast.Tuple, ast.Set)):
            found = self._any_of(left, right.elts)
            return found if operation == "in" else self.pc.invert(found)
        one, other = self.value(left), self.value(right)
        if operation in {"equal", "not_equal"} and (_is_null(one) or _is_null(other)):
            missing = self.pc.is_null(one if _is_null(other) else other)
            return missing if operation == "equal" else self.pc.invert(missing)
        return self._function(operation)(*self._comparable(one, other, left, right))

    def _any_of(self, node: ast.expr, items: list[ast.expr]) -> Any:
        """Whether a value is in a list; unknown for a missing value, unless the list holds null."""
        import pyarrow as pa

        value = self.value(node)
        values = [self.value(item) for item in items]
        plain = [self._comparable(value, each, node, item)[1] for each, item in zip(values, items, strict=True)
                 if not _is_null(each)]  # fmt: skip
        if not all(isinstance(each, pa.Scalar) for each in plain):
            raise self.wrong(node, "is looked for in a list that holds columns; lists hold plain values")
        unknown = self.pc.if_else(self.pc.is_valid(value), False, pa.scalar(None, pa.bool_()))
        found = reduce(self.pc.or_kleene, [self.pc.equal(value, each) for each in plain], unknown)
        return self.pc.or_kleene(found, self.pc.is_null(value)) if len(plain) < len(values) else found

    def _comparable(self, one: Any, other: Any, left: ast.expr, right: ast.expr) -> tuple[Any, Any]:
        """Both sides, a text beside dates read as a date, a date without a zone beside zoned ones as UTC."""
        return self._like(one, other.type, left), self._like(other, one.type, right)

    def _like(self, value: Any, kind: Any, node: ast.expr) -> Any:
        import pyarrow as pa

        if not isinstance(value, pa.Scalar) or not pa.types.is_temporal(kind):
            return value
        date = value.as_py()
        if isinstance(date, str):
            try:
                date = as_date([date])
            except ValueError:
                raise self.wrong(node, "is compared with a date, but is none") from None
        if isinstance(date, dt.datetime) and pa.types.is_timestamp(kind):
            zoned = date if date.tzinfo else date.replace(tzinfo=dt.timezone.utc)
            return pa.scalar(zoned if kind.tz else zoned.astimezone(dt.timezone.utc).replace(tzinfo=None))
        return pa.scalar(date)


def _is_null(value: Any) -> bool:
    import pyarrow as pa

    return isinstance(value, pa.Scalar) and not value.is_valid
