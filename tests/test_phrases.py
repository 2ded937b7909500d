"""What code says comes from one catalogue: every phrase is there and used, and no English comes from elsewhere."""

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache

import nbformat
import pytest
import yaml

from tests.everything_said import ROOT
from utils import phrases
from utils.phrases import CATALOGUE, phrase, places, status_word
from utils.quiz import items, prompts
from utils.rules import RULES
from utils.units import variables

SOURCES = [*(ROOT / "utils").rglob("*.py"), *(ROOT / "classroom").rglob("*.py")]
TEXTS = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
FLAT = {f"{group}.{name}": text for group, texts in TEXTS.items() for name, text in texts.items()}


@cache
def calls():
    """Every call of phrase() or section(): (file and line, its key as a pattern, the names it fills, whether all)."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("phrase", "section") and node.args:
                asked, known = node.args[0], {k.arg for k in node.keywords}
                for key in [asked.body, asked.orelse] if isinstance(asked, ast.IfExp) else [asked]:
                    parts = key.values if isinstance(key, ast.JoinedStr) else [key]
                    pattern = "".join(re.escape(p.value) if isinstance(p, ast.Constant) else ".*" for p in parts)
                    pattern += r"\..*" * (node.func.id == "section")
                    found.append((f"{path.name}:{node.lineno}", pattern, known, None not in known and len(parts) == 1))
    return found


def test_every_phrase_that_is_asked_for_is_there_with_its_places_and_no_other():
    wrong = [f"{at}: no phrase {key}" for at, key, *_ in calls() if not any(re.fullmatch(key, name) for name in FLAT)]
    for at, key, given, plain in calls():
        name = key.replace("\\", "")
        if plain and given and name in FLAT:
            due = places(FLAT[name]) | ({"count"} if isinstance(FLAT[name], dict) else set())
            wrong += [f"{at}: {name} needs {due - given}"] * (not due <= given)
    asked = re.compile("|".join({r"status\..*", *(key for _, key, *_ in calls())}))
    assert wrong + [f"{name} is never said" for name in FLAT if not asked.fullmatch(name)] == []


@pytest.fixture
def translated(tmp_path, monkeypatch):
    """A function that puts a translation in place."""

    def put(text):
        (tmp_path / "es.yaml").write_text(text, encoding="utf-8")
        phrases.catalogue.cache_clear()

    monkeypatch.setenv("MAS_CASEBOOK_PHRASES", str(tmp_path / "es.yaml"))
    yield put
    phrases.catalogue.cache_clear()


def test_a_phrase_says_its_number_and_refuses_a_place_left_open():
    assert [phrase("receipt.answers", count=n) for n in range(3)] == ["0 answers", "1 answer", "2 answers"]
    for key, values in (("case.et_al", {"y": 1}), ("case.none", {})):
        with pytest.raises(KeyError):
            phrase(key, **values)


def test_a_status_is_kept_in_english_and_shown_in_the_language_of_the_catalogue(translated):
    assert status_word("not met") == "not met" and status_word("Ada says met") == "Ada says met"
    translated("{status: {not_met: no se cumple}, quiz: {right: Así es.}}")
    assert status_word("not met") == "no se cumple" and status_word("Ada says met") == "Ada says met"
    assert phrase("quiz.right") == "Así es." and phrase("quiz.no_best") == TEXTS["quiz"]["no_best"]


FAULTS = [
    ("quiz: {rite: x}", "no phrase 'quiz.rite'"), ("cards: {invented: '{nombre}'}", "the place {nombre}"),
    ("quiz: [", "es.yaml cannot be read: "), ("quiz: Así es.", "es.yaml cannot be read: it holds no phrases by"),
]  # fmt: skip


@pytest.mark.parametrize("text, says", FAULTS)
def test_a_fault_of_a_translation_is_named(translated, text, says):
    translated(text)
    with pytest.raises(ValueError, match=re.escape(says)):
        phrase("quiz.right")


# ---- in another language ---------------------------------------------------------------------------------------------
def pseudo(text):
    """A text in no language: each letter outside {places} bears an accent, so that English stands out."""
    if isinstance(text, dict):
        return {key: pseudo(form) for key, form in text.items()}
    parts = re.split(r"(\{[^}]*\}|&\w+;|<[^>]*>)", text)
    return "".join(p if n % 2 else re.sub("([A-Za-z])", "\\1\u0301", p) for n, p in enumerate(parts))


@cache
def words_of_data():
    """What may be English: data, questions, prompts, notebooks, the kit's own texts, and names that code goes by."""
    files = [p for p in (ROOT / "casedata").rglob("*") if p.suffix in (".csv", ".json")]
    found = [p.read_text(encoding="utf-8") for p in (*files, *(ROOT / "classroom" / "kit" / "texts").glob("*"))]
    found += [json.dumps([*read().values()], ensure_ascii=False) for read in (items, prompts)]
    found += [c.source for p in (ROOT / "notebooks").glob("*.ipynb") for c in nbformat.read(p, 4).cells]
    return " ".join(re.findall(r"[a-z]+", " ".join([*found, "et al"]).lower()))


NAMES = sorted({*variables()["label"], *(rule.short for rule in RULES.values())}, key=len, reverse=True)
KNOWN = re.compile("|".join([*map(re.escape, NAMES), "\\S*\u0301\\S*"]))  # names that stand among other words, accents


def english(text):
    """Phrases of two words or more that neither come from the catalogue nor stand in the data."""
    for run in re.split(r"[^A-Za-z\s'’-]|\s{2,}|\n|\b[a-z]\)", KNOWN.sub("|", text)):
        words = re.findall(r"[a-z]+", run.lower())
        if len(words) > 1 and max(map(len, words)) > 2 and " ".join(words) not in words_of_data():
            yield run.strip()


@pytest.mark.slow
def test_in_another_language_no_english_is_left(tmp_path):
    file = tmp_path / "pseudo.yaml"
    file.write_text(yaml.safe_dump(pseudo(TEXTS)), encoding="utf-8")
    env = {**os.environ, "MAS_CASEBOOK_PHRASES": str(file), "MAS_CASEBOOK_RECORD": str(tmp_path / "answers.json")}
    command = [sys.executable, "-m", "tests.everything_said"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert len(found) > 5000
    once = {text: where for where, text in found}
    assert sorted({(run, where) for text, where in once.items() for run in english(text)}) == []


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("utils/*.[cj]s*"), *ROOT.glob("classroom/**/*.css"), *ROOT.glob("classroom/**/*.js")],
    ids=lambda p: p.name,
)
def test_a_style_or_script_holds_no_words(path):
    text = re.sub(r"(?s)/\*.*?\*/|^\s*//.*?$|\s// .*?$", "", path.read_text(encoding="utf-8"), flags=re.M)
    said = re.findall(r'content: *"([^"]*)"' if path.suffix == ".css" else r'"([^"\n]*)"', text)
    assert [words for words in said if re.search(r"(?<![\w:-])[A-Za-z]{3,} [a-z]{2,}(?![\w:-])", words)] == []


def test_english_from_elsewhere_would_be_found():
    assert list(english(pseudo("Run the notebook") + " Refused. There is no such thing")) != []
    assert list(english(pseudo("A sentence with {x}").format(x="ferritin"))) == []
