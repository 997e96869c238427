"""A Meltano that writes down how it was started."""

import json
import os
import sys
from pathlib import Path

started = {name: value for name, value in os.environ.items() if name.startswith("MELTANO_")}
Path("meltano.json").write_text(json.dumps({"arguments": sys.argv[1:], **started}))
print("2026-11-23 [info] Block run completed")
sys.stderr.write(
    '2026-11-23 [info] {"message": "t: 7 rows", "extra": {"table": "t", "rows": 7}} cmd_type=extractor\n'
)
sys.exit(int(os.environ.get("FAIL", "0")))
