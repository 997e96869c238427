"""The console script.

A load needs nothing of singer-sdk, which takes longer to import than a small load takes. Whatever
else is asked for goes to singer-sdk's command line.
"""

import sys

# Of threads: the destination must not wait long for its thread while the reader's computes.
_SWITCH_SECONDS = 0.0005


def main() -> None:
    """Run the program and exit with its code."""
    try:
        import signal

        ends_program = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if ends_program:
            # An import would turn Ctrl-C into a traceback, or lose it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:
        sys.exit(130)
    from target_td_table import command, report

    command.occupy_descriptors()
    report.set_up()
    sys.setswitchinterval(_SWITCH_SECONDS)
    if needs_singer_sdk(sys.argv[1:]):
        from target_td_table.target import TargetTdTable

        asked = TargetTdTable.get_singer_command()
    else:
        from target_td_table import program

        asked = program.command_line()
    if ends_program:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    code = command.end(asked)
    if ends_program:
        # Python's own end would tell of it by a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def needs_singer_sdk(arguments: list[str]) -> bool:
    """Whether more is asked for than a load with given settings."""
    return any(
        each.startswith(("--about", "--format", "--version", "--help")) or each.endswith("ENV")
        for each in arguments
    )
