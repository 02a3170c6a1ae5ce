"""``python -m myriad`` is the ``myriad`` command."""

import sys

from myriad.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
