"""How the rows of a run meet the rows that are there already."""

from enum import StrEnum


class Mode(StrEnum):
    """The ways to load; what each promises stands in the README."""

    APPEND = "append"
    REPLACE = "replace"
    MERGE = "merge"
