"""The real target, but the first time it is killed between its commit and the STATE line.

It waits in the middle of a line that does not fit into a pipe.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

target = str(Path(sys.executable).with_name("target-td-table"))
killed = Path("killed")
if killed.exists() or sys.argv[-1] in {"--print-state", "--check-settings"}:
    os.execv(target, [target, *sys.argv[1:]])
command = [target, *sys.argv[1:]]
with subprocess.Popen(command, stdout=subprocess.PIPE, close_fds=False) as program:
    assert program.stdout is not None
    select.select([program.stdout], [], [], 60)
    program.kill()
    killed.write_bytes(program.stdout.read())
os.kill(os.getpid(), signal.SIGKILL)
