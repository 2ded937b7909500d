"""Build the teachers' files and the kit: ``python lab.py classroom``."""

import re
import sys
from pathlib import Path

from classroom import gift, kit, phenopacket, review
from classroom.hub.link import launch

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


def main():
    """Build everything, and say what was built; the exit code, or what is wrong with the kit."""
    build()
    put_launch()
    left = len(phenopacket.packet()[1])
    print(f"Built in classroom/: {', '.join(FILES)}. {left} reported rows are not in the phenopacket: see the README.")
    try:
        kit.build()
    except kit.KitError as fault:
        return str(fault)
    print("Built in build/kit/: learner/ to hand out, instructor/ with all answers; each has an index.html.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
