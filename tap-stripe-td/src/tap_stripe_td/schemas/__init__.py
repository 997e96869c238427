"""JSON Schemas of Stripe's objects, one file per object. Made by `openapi/make_schemas.py`."""
