"""A target that keeps Singer's rules: what a STATE follows is published, then the STATE is out.

Each publication is a line of `published.jsonl`, rows and state at once, as a real destination keeps
both in one transaction. Settings under `out:`: die_at (a record that kills it before it is
published), die_after (a state it publishes but does not let out), fail, say,
mute (the exit code with which it does not print its state), think (seconds it takes for that; it
leaves a file `thinking`), wrong (what its check of the settings says).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
if "--about" in sys.argv:
    told = {
        "destination": {"description": "Where the tables are.", "default": "duckdb:///x"},
        "mode": {"description": "append or replace.", "default": "append"},
    }
    print(json.dumps({"settings": {"properties": told}}))
    sys.exit(0)
text = Path(arguments["--config"]).read_text()
if "--check-settings" in sys.argv and not text.startswith("{"):
    sys.exit(0)
settings = json.loads(text).get("out") or {}
if "--check-settings" in sys.argv:
    wrong = settings.get("wrong") or ""
    sys.stderr.write(f"target-td-table: {wrong}\n" if wrong else "")
    sys.exit(2 if wrong else 0)
pipeline = arguments.get("--pipeline", "default")
table = Path("published.jsonl")
if "--print-state" in sys.argv and settings.get("think"):
    Path("thinking").touch()
    time.sleep(settings["think"])
if "--print-state" in sys.argv and settings.get("mute"):
    sys.stderr.write("target-td-table: The key may not read the state.\n")
    sys.exit(settings["mute"])
if "--print-state" in sys.argv:
    lines = map(json.loads, table.read_text().splitlines() if table.exists() else [])
    states = [line["state"] for line in lines if line["pipeline"] == pipeline]
    print(json.dumps(states[-1] if states else {}))
    sys.exit(0)

waiting: list[int] = []
published: list[int] = []


def publish(state: object) -> None:
    line = json.dumps({"pipeline": pipeline, "ids": waiting, "state": state}) + "\n"
    with table.open("ab", buffering=0) as file:
        file.write(line.encode())
    published.extend(waiting)
    waiting.clear()
    if state == settings.get("die_after"):
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdout.write(json.dumps(state) + "\n")
    sys.stdout.flush()


for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "RECORD":
        if message["record"]["id"] == settings.get("die_at"):
            os.kill(os.getpid(), signal.SIGKILL)
        waiting.append(message["record"]["id"])
    elif message["type"] == "STATE":
        publish(message["value"])
rows = len(published)
name = f"{arguments.get('--database', 'main')}.{arguments.get('--table', 'rows')}"
extra = {"stream": "rows", "table": name, "rows": rows, "seconds": 0.1, "kept": True}
sys.stderr.write(
    json.dumps({"level": "info", "message": f"{name}: {rows} rows", "extra": extra}) + "\n"
)
if settings.get("say"):
    sys.stderr.write(f"target-td-table: {settings['say']}\n")
sys.exit(settings.get("fail", 0))
