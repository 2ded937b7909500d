"""The links that open notebook 00 in JupyterLab: on a hub with nbgitpuller, and on Binder.

To print both: ``python -m classroom.hub.link https://hub.example https://git.example/us/mas-casebook main``
"""

import os
import sys
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "mas-casebook"  # where the course lies in a learner's home; jupyterhub_config.py opens it there
FIRST = "notebooks/00_start_here.ipynb"
BINDER = "https://mybinder.org"


def pull(hub, repository, branch="main"):
    """The link that fetches the course into the learner's home, or brings it up to date, and opens notebook 00.

    Parameters
    ----------
    hub : str
        Address of the hub, as in the browser.
    repository : str
        Anything that ``git clone`` takes and every learner's server may read.
    branch : str
    """
    asked = {"repo": repository, "branch": branch, "targetPath": FOLDER, "urlpath": f"lab/tree/{FOLDER}/{FIRST}"}
    return f"{address(hub)}/hub/user-redirect/git-pull?{urlencode(asked, quote_via=quote, safe='')}"


def binder(repository, branch="main", service=BINDER, file=FIRST):
    """The link that builds an image of a public repository, or takes one built before, and opens a notebook."""
    where = f"git/{quote(repository, safe='')}/{quote(branch)}"
    return f"{address(service)}/v2/{where}?{urlencode({'urlpath': f'lab/tree/{file}'}, quote_via=quote, safe='')}"


@cache
def cff():
    """What CITATION.cff says (dict)."""
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def published():
    """Where the collection is published: addresses of its repository and of its book (str), "" where none is known.

    ``repository-code`` and ``url`` of CITATION.cff; MAS_CASEBOOK_REPOSITORY and MAS_CASEBOOK_SITE come first.
    """
    found = {"REPOSITORY": cff().get("repository-code", ""), "SITE": cff().get("url", "")}
    given = (os.environ.get(f"MAS_CASEBOOK_{name}", known) for name, known in found.items())
    return tuple(address(where) if where else "" for where in given)


def live():
    """Where page 00 of the published site opens live (str), "" where no address is known."""
    site = published()[1]
    return f"{site}/live/lab/index.html?path={FIRST.rpartition('/')[2]}" if site else ""


def launch():
    """A line of links that open the collection without an install (Markdown), "" where no address is known."""
    repository, site = published()
    found = [f"[in your browser, with nothing to install]({site}/live.html)"] * bool(site)
    found += [f"[on Binder]({binder(repository)})"] * bool(repository)
    return f"**Open it** {' or '.join(found)}.\n" if found else ""


def address(given):
    """The address without a closing slash; ValueError where it is none."""
    if urlsplit(given).scheme not in ("http", "https") or not urlsplit(given).hostname:
        raise ValueError(f"{given!r} is no web address: begin it with https://")
    return given.rstrip("/")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__.strip())
    try:
        print(pull(*sys.argv[1:]), binder(*sys.argv[2:]), sep="\n")
    except ValueError as fault:
        sys.exit(str(fault))
