"""`python -m td_connector` is `td-connector`."""

from td_connector.cli import main

main()
