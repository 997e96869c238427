"""A target that keeps Singer's rules: what a STATE follows is published, then the STATE is out.

The rows are in `rows.jsonl` and each pipeline's last state in a file of its own, as a real
destination keeps both. Settings under `out:`: die_at (a record that kills it before it is
published), die_after (a state it publishes but does not let out), fail, say.
"""

import json
import os
import signal
import sys
from pathlib import Path

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
if "--about" in sys.argv:
    told = {
        "destination": {"description": "Where the tables are.", "default": "duckdb:///x"},
        "mode": {"description": "append or replace.", "default": "append"},
    }
    print(json.dumps({"settings": {"properties": told}}))
    sys.exit(0)
settings = json.loads(Path(arguments["--config"]).read_text()).get("out") or {}
pipeline = arguments.get("--pipeline", "default")
kept = Path(f"{pipeline}.state")
if "--print-state" in sys.argv:
    print(kept.read_text() if kept.exists() else "{}")
    sys.exit(0)

waiting: list[str] = []
published: list[str] = []


def publish(state: object) -> None:
    with Path("rows.jsonl").open("a") as table:
        table.writelines(waiting)
    published.extend(waiting)
    waiting.clear()
    kept.write_text(json.dumps(state))
    if state == settings.get("die_after"):
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdout.write(json.dumps(state) + "\n")
    sys.stdout.flush()


for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "RECORD":
        if message["record"]["id"] == settings.get("die_at"):
            os.kill(os.getpid(), signal.SIGKILL)
        waiting.append(json.dumps(message["record"]) + "\n")
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
