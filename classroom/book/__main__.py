"""Build the book: ``python lab.py book``."""

import argparse
import sys
from pathlib import Path

from classroom.book.build import FAULTS, ROOT, build


def main():
    parser = argparse.ArgumentParser(prog="lab.py book", description="Build the book, to read in any browser.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book", help="where to; build/book by default")
    parser.add_argument("--check-links", action="store_true", help="instead, ask the network for every address in it")
    given = parser.parse_args()
    try:
        build(given.out, builder="linkcheck" if given.check_links else "html")
    except FAULTS as fault:
        return f"No book was built: {fault}"
    except KeyboardInterrupt:
        return "\nStopped. A book that was there is as it was."
    print("Every address answers." if given.check_links else f"Built: open {given.out / 'index.html'} in any browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
