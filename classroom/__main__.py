"""Build the teachers' files and the kit: ``python lab.py classroom``."""

import sys
from pathlib import Path

from classroom import gift, phenopacket, review

HERE = Path(__file__).resolve().parent
FILES = {"question_bank.gift": gift.bank, "case.phenopacket.json": phenopacket.text, "clinical_review.md": review.text}


def build(folder=HERE):
    """Write every file of `FILES` into a folder (str or Path)."""
    for name, make in FILES.items():
        (Path(folder) / name).write_text(make(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    from classroom import kit

    build()
    left = len(phenopacket.packet()[1])
    print(f"Built in classroom/: {', '.join(FILES)}. {left} reported rows are not in the phenopacket: see the README.")
    try:
        kit.build()
    except kit.KitError as fault:
        sys.exit(str(fault))
    print("Built in build/kit/: learner/ to hand out, instructor/ with all answers; begin with index.html.")
