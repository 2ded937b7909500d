"""Build the zero-install site: ``python lab.py site``."""

import argparse
import functools
import http.server
import sys
from pathlib import Path

from classroom.site.build import ROOT, build
from classroom.site.source import SiteError


def serve(folder, port):
    """Serve a folder on this machine until Ctrl-C."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"Open http://127.0.0.1:{server.server_port}/ in a browser; Ctrl-C stops it.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


def main():
    parser = argparse.ArgumentParser(prog="lab.py site", description="Build the page that needs no install.")
    parser.add_argument("--pyodide", metavar="PATH", help="an official Pyodide release, its folder or its archive")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="where to; build/site by default")
    parser.add_argument(
        "--serve", type=int, nargs="?", const=8000, metavar="PORT", help="then serve it on this machine"
    )
    asked = parser.parse_args()
    try:
        build(asked.out, asked.pyodide)
    except SiteError as fault:
        return f"No site was built: {fault}."
    except KeyboardInterrupt:
        return "\nStopped. No site was built; one that was there is as it was."
    size = sum(f.stat().st_size for f in asked.out.rglob("*") if f.is_file())
    print(f"Built in {asked.out}: {size / 1e6:.0f} MB. Put the folder on any static host, or serve it with --serve.")
    if asked.serve is not None:
        serve(asked.out, asked.serve)
    return 0


if __name__ == "__main__":
    sys.exit(main())
