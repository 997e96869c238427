"""Start the sandbox: `stripe-sandbox` or `python -m stripe_sandbox`."""

from __future__ import annotations

import sys

from stripe_sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
