"""A Singer target that loads tables all or nothing."""
