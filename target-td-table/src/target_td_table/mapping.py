"""From a stream's JSON Schema to its table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from target_td_table import naming
from target_td_table.errors import InputError, TableError
from target_td_table.table import Column, LogicalType, Table, TableName

TIME = "time"
_BY_TYPE = {
    "boolean": LogicalType.BOOLEAN,
    "integer": LogicalType.INTEGER,
    "number": LogicalType.NUMBER,
    "string": LogicalType.STRING,
}
_NUMBERS = {LogicalType.INTEGER, LogicalType.LONG_INTEGER, LogicalType.NUMBER}
_LONGEST_INTEGER = 2**63
# Schemas may refer to themselves.
_DEEPEST = 50
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum")
# Digits that a decimal has in most databases; numbers that may have more are not decimals.
_MOST_DIGITS, _MOST_DECIMALS = 38, 18


def table(
    stream: str,
    schema: Mapping[str, Any],
    key: Sequence[str],
    *,
    name: TableName,
    time_column: str | None = None,
) -> Table:
    """The table that a SCHEMA message asks for.

    Raises:
        InputError: If the schema has no `properties`, or none in them.
        TableError: If the time column is no integer or timestamp field of the stream.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        raise InputError(
            f"The SCHEMA of `{stream}` has no `properties`, so its columns are unknown. "
            "Correct the tap, or deselect the stream."
        )
    if not properties:
        raise InputError(
            f"The SCHEMA of `{stream}` declares no field, so its table would have no column. "
            "Select a field of the stream, or deselect the stream."
        )
    fields = {field: logical_type(each, schema) for field, each in properties.items()}
    columns = tuple(
        replace(column, scale=scale(properties[column.field], schema))
        if column.type is LogicalType.NUMBER
        else column
        for column in _columns(stream, fields, time_column)
    )
    return Table(stream, name, columns, tuple(key), schema=schema)


def logical_type(schema: Any, root: Mapping[str, Any], depth: int = 0) -> LogicalType:
    """The logical type of one field.

    Whatever is not one scalar type for certain is json, which keeps every value as it came.
    """
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return LogicalType.JSON
    if "$ref" in schema:
        return logical_type(_referred(schema["$ref"], root), root, depth + 1)
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema and "type" not in schema:
            return _common(schema[alternatives], root, depth)
    return _of_types(schema)


def scale(schema: Any, root: Mapping[str, Any], depth: int = 0) -> int | None:
    """How many decimals a number has at most: taps say 0.01 as `multipleOf` for two.

    None if it may have any, or more digits in all than a decimal has.
    Decision: docs/decisions/0119-numbers-in-duckdb.md.
    """
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return scale(_referred(schema["$ref"], root), root, depth + 1)
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema and "type" not in schema:
            found = {scale(each, root, depth + 1) for each in _not_null(schema[alternatives])}
            return found.pop() if len(found) == 1 else None
    step = schema.get("multipleOf")
    if not isinstance(step, int | float) or isinstance(step, bool) or not step > 0:
        return None
    _, digits, exponent = Decimal(str(step)).normalize().as_tuple()
    decimals = -int(exponent)
    if digits != (1,) or not 0 <= decimals <= _MOST_DECIMALS:
        return None
    largest = float(10 ** (_MOST_DIGITS - decimals))
    bounds = [*_bounds(schema), schema.get("exclusiveMaximum")]
    fits = all(abs(each) <= largest for each in bounds if isinstance(each, int | float))
    return decimals if fits else None


def _of_types(schema: Mapping[str, Any]) -> LogicalType:
    declared = schema.get("type")
    types = {declared} if isinstance(declared, str) else set(declared or ())
    types.discard("null")
    if types == {"integer", "number"}:
        return LogicalType.NUMBER
    if len(types) != 1:
        return LogicalType.JSON
    found = _BY_TYPE.get(types.pop(), LogicalType.JSON)
    if found is LogicalType.STRING and schema.get("format") == "date-time":
        return LogicalType.TIMESTAMP
    if found is LogicalType.INTEGER and _is_longer_than_64_bits(schema):
        return LogicalType.LONG_INTEGER
    return found


def _is_longer_than_64_bits(schema: Mapping[str, Any]) -> bool:
    """Whether it allows longer ones by name; without bounds nobody means them."""
    return any(not -_LONGEST_INTEGER <= each < _LONGEST_INTEGER for each in _bounds(schema))


def _bounds(schema: Mapping[str, Any]) -> list[int | float]:
    found = [schema.get(word) for word in _BOUNDS]
    return [each for each in found if isinstance(each, int | float)]


def _common(alternatives: Sequence[Any], root: Mapping[str, Any], depth: int) -> LogicalType:
    types = {logical_type(each, root, depth + 1) for each in _not_null(alternatives)}
    if types == {LogicalType.TIMESTAMP, LogicalType.STRING}:
        return LogicalType.STRING
    if LogicalType.NUMBER in types and types <= _NUMBERS:
        return LogicalType.NUMBER
    if types == {LogicalType.INTEGER, LogicalType.LONG_INTEGER}:
        return LogicalType.LONG_INTEGER
    return types.pop() if len(types) == 1 else LogicalType.JSON


def _not_null(alternatives: Sequence[Any]) -> list[Any]:
    return [
        each
        for each in alternatives
        if not (isinstance(each, Mapping) and each.get("type") in ("null", ["null"]))
    ]


def _referred(reference: Any, root: Mapping[str, Any]) -> Any:
    """What `#/definitions/x` points to, else None."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _columns(
    stream: str, fields: Mapping[str, LogicalType], time_column: str | None
) -> tuple[Column, ...]:
    if time_column is None:
        names = naming.column_names(fields)
        return tuple(Column(names[field], field, type_) for field, type_ in fields.items())
    time = _time(stream, fields, time_column)
    if (time_column, time.unix_seconds) == (TIME, False):
        return _columns(stream, fields, None)
    names = naming.column_names(fields, taken=[TIME])
    return (
        time,
        *(Column(names[field], field, type_) for field, type_ in fields.items()),
    )


def _time(stream: str, fields: Mapping[str, LogicalType], time_column: str) -> Column:
    found = fields.get(time_column)
    if found is LogicalType.INTEGER:
        return Column(TIME, time_column, found)
    if found is LogicalType.TIMESTAMP:
        return Column(TIME, time_column, found, unix_seconds=True)
    usable = [
        f"`{field}`"
        for field, type_ in fields.items()
        if type_ in (LogicalType.INTEGER, LogicalType.TIMESTAMP)
    ]
    why = "is not a field" if found is None else f"is a {found} field"
    choice = ", ".join(usable) or "none, so leave `time_column` out"
    raise TableError(
        f"The time column `{time_column}` {why} of `{stream}`. It must be an integer or timestamp "
        f"field. `{stream}` has: {choice}."
    )
