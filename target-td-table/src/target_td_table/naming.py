"""Names of tables and columns, fitted once.

A name that is already a plain SQL word stays as it is. Otherwise every run of other characters
becomes `_`. Names must differ in more than case; where two fall together, the one that was plain
and lower case keeps the name, and the others get a suffix made from their own text, so a set of
names is always fitted the same way, whatever its order.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection

# Kept for the target's own tables, such as `_td_state`.
RESERVED_PREFIX = "_td_"

_NOT_A_WORD = re.compile(r"\W+")


def plain(name: str) -> str:
    """The name as a plain SQL word: letters, digits and `_`, not starting with a digit."""
    word = _NOT_A_WORD.sub("_", name) or "_"
    return f"_{word}" if word[0].isdigit() else word


def table_name(template: str, stream: str) -> str:
    """The table of a stream: `{stream}` in the template stands for the stream's name."""
    name = plain(template.replace("{stream}", stream))
    return _suffixed(name, stream) if name.lower().startswith(RESERVED_PREFIX) else name


def column_names(fields: Collection[str], *, taken: Collection[str] = ()) -> dict[str, str]:
    """The column of each field; unique without regard to case, and none of `taken`.

    A field whose column is taken gets a trailing `_`, as Treasure Data does with `time`.
    """
    occupied = {name.lower() for name in taken}
    first_choice = {field: _free(plain(field), occupied) for field in fields}
    wanted = Counter(name.lower() for name in first_choice.values())
    keeps = {field for field, name in first_choice.items() if name == field == field.lower()}
    kept = {field.lower() for field in keeps}
    names = {}
    for field, name in first_choice.items():
        alone = wanted[name.lower()] == 1 and name.lower() not in kept
        names[field] = name if alone or field in keeps else _suffixed(name, field)
    return names


def problem_with(template: str) -> str | None:
    """A sentence when the setting `table` is not a template, else None."""
    unknown = [part for part in re.findall(r"\{[^}]*\}", template) if part != "{stream}"]
    if unknown:
        return (
            f"`table` is `{template}`, but `{unknown[0]}` stands for nothing. "
            "Only `{stream}` is replaced, by the stream's name."
        )
    return None if template else "`table` is empty. Give a name, or `{stream}`."


def _free(name: str, occupied: set[str]) -> str:
    while name.lower() in occupied:
        name += "_"
    return name


def _suffixed(name: str, original: str) -> str:
    return f"{name}_{hashlib.sha256(original.encode()).hexdigest()[:8]}"
