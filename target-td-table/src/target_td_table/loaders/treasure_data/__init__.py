"""Treasure Data: bulk import sessions that a repeat finds again, then one row that decides.

Decisions: docs/decisions/0502-a-row-decides-a-publication.md and those after it.
"""
