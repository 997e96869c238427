from typing import Any

import pytest

from target_td_table.errors import InputError
from target_td_table.mapping import logical_type, table
from target_td_table.table import TableName


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["null", "string"]}, "string"),
        ({"type": ["string"]}, "string"),
        ({"type": "string", "format": "date-time"}, "timestamp"),
        ({"type": "string", "format": "date"}, "string"),
        ({"type": "string", "format": "time"}, "string"),
        ({"type": ["null", "integer"]}, "integer"),
        ({"type": "integer", "maximum": 2**64 - 1}, "long integer"),
        ({"type": "integer", "exclusiveMinimum": -(2**64)}, "long integer"),
        ({"type": "integer", "exclusiveMaximum": 2**63}, "integer"),
        ({"type": "integer", "maximum": "much"}, "integer"),
        ({"anyOf": [{"type": "integer"}, {"type": "integer", "maximum": 2**64}]}, "long integer"),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, "integer"),
        ({"type": "number", "multipleOf": 0.01}, "number"),
        ({"type": ["integer", "number"]}, "number"),
        ({"type": ["integer", "string"]}, "json"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "object"}, "json"),
        ({"type": "array"}, "json"),
        ({}, "json"),
        (True, "json"),
        ({"enum": ["a"]}, "json"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]}, "string"),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, "json"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "number"),
        ({"$ref": "#/definitions/id"}, "integer"),
        ({"$ref": "#/definitions/loop"}, "json"),
        ({"$ref": "https://elsewhere"}, "json"),
    ],
)
def test_a_field_has_one_logical_type_and_json_when_in_doubt(schema: Any, type_: str) -> None:
    root = {"definitions": {"id": {"type": "integer"}, "loop": {"$ref": "#/definitions/loop"}}}
    assert logical_type(schema, root) == type_


def test_a_schema_without_properties_is_refused() -> None:
    with pytest.raises(InputError, match="SCHEMA of `charges` has no `properties`"):
        table("charges", {"type": "object"}, (), name=TableName("main", "charges"))
