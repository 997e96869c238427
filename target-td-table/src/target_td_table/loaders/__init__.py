"""The destinations, each behind the same `Loader`: five verbs, and four calls around them.

Nothing is imported here: the process that packs beside a load starts with one of these modules, and
must not wait for the others.
"""
