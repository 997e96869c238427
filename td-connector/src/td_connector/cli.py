"""The console script: Ctrl-C ends it without a word, also while the rest is still imported."""

import sys


def main() -> None:
    """Run `td-connector` and exit with its code."""
    try:
        import signal

        # A shell starts programs in the background with Ctrl-C ignored; that stays.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # An import would turn Ctrl-C into a traceback, or lose it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:
        sys.exit(130)
    from td_connector import command_line

    command_line.main()
