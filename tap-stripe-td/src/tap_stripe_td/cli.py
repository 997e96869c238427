"""The console script: Ctrl-C ends it without a word, also while the rest is still imported."""

import sys


def main() -> None:
    """Run `tap-stripe-td` and exit with its code."""
    try:
        import signal

        # An import would turn Ctrl-C into a traceback, or lose it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:
        sys.exit(130)
    from tap_stripe_td import tap

    tap.main()
