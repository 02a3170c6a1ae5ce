"""Entry point of ``python -m myriad.runner``."""

import sys

# ``python -m`` puts the working folder first on the path; a file there must never shadow a library.
if sys.path and sys.path[0] in ("", __import__("os").getcwd()):
    del sys.path[0]

from myriad.runner.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
