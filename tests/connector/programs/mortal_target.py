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
if killed.exists() or "--print-state" in sys.argv:
    os.execv(target, [target, *sys.argv[1:]])
with subprocess.Popen([target, *sys.argv[1:]], stdout=subprocess.PIPE) as program:
    assert program.stdout is not None
    select.select([program.stdout], [], [], 60)
    program.kill()
    killed.write_bytes(program.stdout.read())
os.kill(os.getpid(), signal.SIGKILL)
