"""The destinations, each behind the same five verbs.

Nothing is imported here: the process that packs beside a load starts with one of these modules, and
must not wait for the others.
"""
