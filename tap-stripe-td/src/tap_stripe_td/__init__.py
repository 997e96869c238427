"""A Singer tap for Stripe."""
