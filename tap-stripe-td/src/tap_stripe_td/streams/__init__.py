"""The stream table: one row per kind of Stripe object."""
