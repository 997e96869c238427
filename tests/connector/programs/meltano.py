"""A Meltano that writes down how it was started."""

import json
import os
import sys
from pathlib import Path

started = {name: value for name, value in os.environ.items() if name.startswith("MELTANO_")}
Path("meltano.json").write_text(json.dumps({"arguments": sys.argv[1:], **started}))
print("2026-11-23 [info] Block run completed")
said = {"event": "t: 7 rows", "string_id": "t", "plugin_logger": "t", "table": "t", "rows": 7}
sys.stderr.write(json.dumps(said) + "\n")
failed = int(os.environ.get("FAIL", "0"))
if failed:
    sys.stderr.write(json.dumps({"event": "Failed", "exit_codes": {"loaders": failed}}) + "\n")
sys.exit(1 if failed else 0)
