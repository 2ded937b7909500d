"""The questions as a QTI 2.1 content package, which Canvas and Blackboard import.

Source of the form: the schemas ``imsqti_v2p1.xsd`` (2012) and ``imscp_v1p1.xsd`` of IMS Global, now 1EdTech.
"""

import io
import zipfile
from xml.etree import ElementTree as ET

from classroom import gift
from utils.case import load_case
from utils.phrases import phrase

QTI, CP = "http://www.imsglobal.org/xsd/imsqti_v2p1", "http://www.imsglobal.org/xsd/imscp_v1p1"
DAY = (2021, 1, 1, 0, 0, 0)  # of each file in the package, so that two runs give the same bytes


def node(parent, name, words=None, **about):
    """An element below another."""
    made = ET.SubElement(parent, name, {k: str(v) for k, v in about.items()})
    made.text = words
    return made


def called(question):
    """The identifier of a question (str): a dot in one gives some platforms trouble."""
    return f"Q{question['id'].replace('.', '_')}"


def written(root, space):
    """An element as a file (bytes)."""
    root.set("xmlns", space)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def item(question):
    """One question with a best answer as an assessmentItem (bytes): each option and what is said of it."""
    about = {"title": gift.named(question), "adaptive": "false", "timeDependent": "false"}
    root = ET.Element("assessmentItem", {"identifier": called(question), **about})
    key = node(root, "responseDeclaration", identifier="RESPONSE", cardinality="single", baseType="identifier")
    node(node(key, "correctResponse"), "value", question["best"])
    score = node(
        root, "outcomeDeclaration", identifier="SCORE", cardinality="single", baseType="float", normalMaximum=1
    )
    node(node(score, "defaultValue"), "value", "0")
    node(root, "outcomeDeclaration", identifier="FEEDBACK", cardinality="single", baseType="identifier")
    choice = node(
        node(root, "itemBody"), "choiceInteraction", responseIdentifier="RESPONSE", shuffle="false", maxChoices=1
    )
    node(choice, "prompt", question["stem"])
    for option in question["options"]:
        node(choice, "simpleChoice", option["text"], identifier=option["key"])
    rules = node(root, "responseProcessing")
    when = node(rules, "responseCondition")
    right = node(when, "responseIf")
    match = node(right, "match")
    node(match, "variable", identifier="RESPONSE"), node(match, "correct", identifier="RESPONSE")
    node(node(right, "setOutcomeValue", identifier="SCORE"), "baseValue", "1", baseType="float")
    node(node(rules, "setOutcomeValue", identifier="FEEDBACK"), "variable", identifier="RESPONSE")
    for option in question["options"]:
        about = {"outcomeIdentifier": "FEEDBACK", "showHide": "show", "identifier": option["key"]}
        said = node(root, "modalFeedback", **about)
        for line in [gift.why(option), *gift.heard(question)]:
            node(said, "p", line)
    return written(root, QTI)


def package():
    """The whole bank (bytes of a ZIP file): a file for each question, a test of them by page, and the manifest."""
    titles = load_case().journey.set_index("notebook")["title"]
    asked = gift.asked()
    files = {f"items/{i['id']}.xml": item(i) for i in asked}
    test = ET.Element("assessmentTest", identifier="mas-casebook", title=phrase("kit.bank_category"))
    whole = node(test, "testPart", identifier="all", navigationMode="nonlinear", submissionMode="individual")
    for number in dict.fromkeys(i["notebook"] for i in asked):
        title = f"{number} {titles[number]}"
        part = node(whole, "assessmentSection", identifier=f"page-{number}", title=title, visible="true")
        for i in asked:
            if i["notebook"] == number:
                node(part, "assessmentItemRef", identifier=called(i), href=f"items/{i['id']}.xml")
    files["test.xml"] = written(test, QTI)
    root = ET.Element("manifest", identifier="mas-casebook-package")
    about = node(root, "metadata")
    node(about, "schema", "QTIv2.1 Package"), node(about, "schemaversion", "1.0.0")
    node(root, "organizations")
    held = node(root, "resources")
    first = node(held, "resource", identifier="test", type="imsqti_test_xmlv2p1", href="test.xml")
    node(first, "file", href="test.xml")
    for i in asked:
        href = f"items/{i['id']}.xml"
        node(first, "dependency", identifierref=f"R{called(i)}")
        one = node(held, "resource", identifier=f"R{called(i)}", type="imsqti_item_xmlv2p1", href=href)
        node(one, "file", href=href)
    files["imsmanifest.xml"] = written(root, CP)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
