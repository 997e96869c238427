"""A tap that keeps Singer's rules: rows numbered from the state on, a STATE after each page.

Its settings stand under `in:` of a load.yml that is JSON: rows (3), page (1), until, seconds a page
(0), fail (the exit code after all rows), say (its last words), deaf (whether it goes on when asked to
end; it leaves a file `asked`), long (whether a state does not fit into a pipe), wrong (what its check
of the settings says). Its process id is in `tap.pid`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
if "--preview" in sys.argv:
    print(f"preview of {sys.argv[2]}, {sys.argv[4:]}")
    sys.exit(0)
if "--about" in sys.argv:
    told = {
        "secret_key": {"description": "The key."},
        "target": {"description": "What to read.", "default": "core"},
        "incremental": {"description": "Whether to go on.", "default": True},
    }
    print(json.dumps({"settings": {"properties": told}}))
    sys.exit(0)
text = Path(arguments["--config"]).read_text()
if "--check-settings" in sys.argv and not text.startswith("{"):
    sys.exit(0)
settings = json.loads(text)["in"]
if "--check-settings" in sys.argv:
    state = Path(arguments["--state"]).read_text() if "--state" in arguments else '{"next": 0}'
    wrong = settings.get("wrong") or ("" if "next" in json.loads(state) else "No `next`.")
    sys.stderr.write(f"tap-stripe-td: {wrong}\n" if wrong else "")
    sys.exit(2 if wrong else 0)
if settings.get("deaf"):
    signal.signal(signal.SIGTERM, lambda *_: Path("asked").touch())
padding = {"padding": "x" * (1 << 20)} if settings.get("long") else {}
first = 0
if "--state" in arguments:
    first = json.loads(Path(arguments["--state"]).read_text() or '{"next": 0}')["next"]


def say(**message: object) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(141)


def log(message: str, level: str = "info", **extra: object) -> None:
    line = {"level": level, "message": message, "extra": extra}
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


Path("tap.pid").write_text(str(os.getpid()))
log(f"reads from {first}")
say(type="SCHEMA", stream="rows", schema={"properties": {"id": {}}}, key_properties=["id"])
last = first + settings.get("rows", 3)
for number in range(first, last):
    say(type="RECORD", stream="rows", record={"id": number})
    if (number + 1 - first) % settings.get("page", 1) == 0 or number + 1 == last:
        say(type="STATE", value={"next": number + 1} | padding)
    time.sleep(settings.get("seconds", 0))
if settings.get("say"):
    sys.stderr.write(f"tap-stripe-td: {settings['say']}\n")
sys.exit(settings.get("fail", 0))
