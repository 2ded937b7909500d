"""Build the site that needs no install, the book with its live pages: ``python lab.py site``."""

import argparse
import runpy
import sys
import tempfile
from pathlib import Path

from classroom.book import build as book
from classroom.site.build import ROOT, build
from classroom.site.source import SiteError


def main():
    parser = argparse.ArgumentParser(prog="lab.py site", description="Build the book with its live pages.")
    parser.add_argument("--pyodide", metavar="PATH", help="an official Pyodide release, its folder or its archive")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="where to; build/site by default")
    help_of_serve = "then serve it on this machine until Ctrl-C"
    parser.add_argument("--serve", type=int, nargs="?", const=8000, metavar="PORT", help=help_of_serve)
    given = parser.parse_args()
    given.out = given.out.resolve()  # tools run elsewhere
    try:
        book.ready(given.out)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=given.out.parent, prefix=".site-") as scratch:
            live = Path(scratch, "live")
            build(live, given.pyodide)
            book.build(given.out, live)
    except (SiteError, *book.FAULTS) as fault:
        return f"No site was built: {fault}."
    except KeyboardInterrupt:
        return "\nStopped. No site was built; one that was there is as it was."
    size = sum(f.stat().st_size for f in given.out.rglob("*") if f.is_file())
    print(f"Built in {given.out}: {size / 1e6:.0f} MB. Put the folder on any static host, or serve it with --serve.")
    if given.serve is not None:
        sys.argv[1:] = [str(given.serve), "--bind", "127.0.0.1", "--directory", str(given.out)]
        runpy.run_module("http.server", run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
