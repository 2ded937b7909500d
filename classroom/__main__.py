"""Build the teachers' files and the kit, or report on a class: python lab.py classroom."""

import argparse
import re
import sys
from pathlib import Path

from classroom import gift, kit, phenopacket, report, review
from classroom.hub.link import address, launch

HERE = Path(__file__).resolve().parent
FILES = {"question_bank.gift": gift.bank, "case.phenopacket.json": phenopacket.text, "clinical_review.md": review.text}
MARKS = ("<!-- launch: written by python lab.py classroom from CITATION.cff -->", "<!-- end of launch -->")


def build(folder=HERE):
    """Write every file of `FILES` into a folder (str or Path)."""
    for name, make in FILES.items():
        (Path(folder) / name).write_text(make(), encoding="utf-8", newline="\n")


def put_launch(page=HERE.parent / "README.md"):
    """Put the links that need no install between their marks in a page (Path), as far as addresses are known."""
    text = page.read_text(encoding="utf-8")
    page.write_text(
        re.sub(rf"({MARKS[0]}\n).*({MARKS[1]})", rf"\1{launch()}\2", text, flags=re.S), encoding="utf-8", newline="\n"
    )


def main(arguments=None):
    """Build everything, or report on a class; the exit code, or what is wrong."""
    read = argparse.ArgumentParser(prog="python lab.py classroom", description=__doc__)
    read.add_argument("--pdf", action="store_true", help="first add what prints the kit: Chromium and playwright")
    read.add_argument("--link", type=address, help="where students open the notebooks; stands on their page")
    read.add_argument("--receipts", metavar="FOLDER", help="build nothing; report on the receipts in this folder")
    read.add_argument(
        "--plan", type=int, help="with --receipts: only the questions of the plan of 50, 60 or 90 minutes"
    )
    given = read.parse_args(arguments)
    try:
        if given.receipts:
            report.write(given.receipts, given.plan)
            return 0
        build()
        put_launch()
        left = len(phenopacket.packet()[1])
        print(
            f"Built in classroom/: {', '.join(FILES)}. {left} reported rows are not in the phenopacket: see the README."
        )
        kit.build(link=given.link or "")
    except (kit.KitError, report.ReportError) as fault:
        return str(fault)
    print("Built in build/kit/: open index.html.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
