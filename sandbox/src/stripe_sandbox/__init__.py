"""A local Stripe that keeps the rules of the real one."""
