"""Treasure Data: bulk import sessions named by their content, then one commit that decides.

Decisions: docs/decisions/0501-sessions-are-named-by-content.md and those after it.
"""
