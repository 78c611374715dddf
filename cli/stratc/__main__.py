"""Where `stratc` begins: nothing is loaded before somebody is there to be interrupted."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit status; after ^C one word, and the status that shells expect."""
    try:
        from stratc.command import run

        return run(argv)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
