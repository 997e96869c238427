"""Which rules of its SCHEMA a record breaks, in words that tell nothing of its content.

Asked only about records that do not fit: `jsonschema` is a hundred times slower than the check.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

# A record that breaks more rules is of another kind altogether.
_MOST = 10
_LONGEST = 40


class Rules:
    """The rules of one SCHEMA, made ready once.

    There are none if the SCHEMA itself breaks JSON Schema.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        validator = _validator(schema)
        # With a registry of its own it fetches nothing from the network.
        self._validator = validator(schema, registry=Registry()) if validator else None

    def broken(self, values: Mapping[str, Any], known: Iterable[str]) -> list[str]:
        """The rules, each with where it is broken; of the fields in `known` only what is inside them.

        Nothing if the SCHEMA refers to what is elsewhere.
        """
        passed_over = {(field,) for field in known}
        found: list[str] = []
        try:
            for error in self._validator.iter_errors(values) if self._validator else ():
                if tuple(error.absolute_path) not in passed_over and len(found) < _MOST:
                    found.append(f"{_place(error.absolute_path)} {_words(error)}")
        except (Unresolvable, RecursionError, TypeError, ValueError):
            return []
        return found


def _validator(schema: Mapping[str, Any]) -> type[Validator] | None:
    """The draft a tap wrote its SCHEMA in; most do not say, and some still write the fourth."""
    for draft in (validator_for(schema, default=Draft7Validator), Draft4Validator):
        try:
            draft.check_schema(dict(schema))
        except (SchemaError, Unresolvable, RecursionError, TypeError, ValueError):
            continue
        return draft
    return None


def _place(path: Sequence[Any]) -> str:
    if not path:
        return "the record"
    first, *rest = path
    return f"`{first}{''.join(_step(each) for each in rest)}`"


def _step(step: Any) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _words(error: ValidationError) -> str:
    rule = str(error.validator)
    value: Any = error.validator_value
    instance: Any = error.instance
    if rule == "type":
        types = [value] if isinstance(value, str) else value
        return f"must be {' or '.join(map(str, types))}"
    if rule == "required":
        missing = [f"`{name}`" for name in value if name not in instance]
        return f"lacks {' or '.join(missing[:_MOST])}"
    is_short = isinstance(value, int | float | str) and len(str(value)) <= _LONGEST
    return f"breaks `{rule}: {value}`" if is_short else f"breaks `{rule}`"
