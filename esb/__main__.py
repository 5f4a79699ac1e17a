"""``python -m esb``."""

from esb.cli.main import main

main()
