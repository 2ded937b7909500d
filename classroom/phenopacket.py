"""The published case, as of the end of follow-up, as a GA4GH Phenopacket (schema version 2).

It says no more than the article: what is not reported is nowhere in it, ``excluded`` stands only where the article
denies something, moments are the time points of ``casedata`` (no date is printed), and nothing gets a code that
``codes.csv`` does not hold as verified. What that leaves out is returned beside the packet.
"""

import json
import re
from datetime import datetime

from utils.case import load_case

CASE, DOI = "mas-casebook-case", "10.3389/fped.2020.635080"
UCUM = {
    **{unit: unit for unit in ("mg/L", "mm/h", "mmol/L", "U/L", "g/dL", "g/L", "/min")},
    **{"/mm³": "/mm3", "µg/L": "ug/L", "mmHg": "mm[Hg]", "mg/kg/day": "mg/kg/d", "mg/kg/dose": "mg/kg"},
}
# The diagnoses that the authors make; the code, and the moment at which the article first names it.
DISEASES = {"MONDO:0019434": "regional_hospital", "MONDO:0015545": "admission"}
ELSEWHERE = ("prf1_a91v_heterozygous", "sjia_known_or_suspected", "age")  # under interpretations and diseases
READING = "a reading of ours, not the article's word"
RESOURCES = {  # prefix: name, page, what stands before the code; the release comes from codes.csv where it has one
    "HP": ("Human Phenotype Ontology", "http://purl.obolibrary.org/obo/hp.owl", "http://purl.obolibrary.org/obo/HP_"),
    "LOINC": ("Logical Observation Identifiers Names and Codes", "https://loinc.org", "https://loinc.org/"),
    "ATC": ("Anatomical Therapeutic Chemical", "https://atcddd.fhi.no", "https://atcddd.fhi.no/atc_ddd_index/?code="),
    "MONDO": ("Mondo", "http://purl.obolibrary.org/obo/mondo.owl", "http://purl.obolibrary.org/obo/MONDO_"),
    "UCUM": ("Unified Code for Units of Measure", "https://ucum.org", "https://ucum.org/#"),
    "GENO": ("Genotype Ontology", "http://purl.obolibrary.org/obo/geno.owl", "http://purl.obolibrary.org/obo/GENO_"),
    "HGNC": ("HUGO Gene Nomenclature Committee", "https://www.genenames.org", "https://identifiers.org/hgnc:"),
    "casebook": ("Local codes of this collection, for moments, routes and intervals", "casedata", "casedata#"),
}


def _quoted(printed):
    """Printed words, each phrase in its own quotation marks."""
    return ", ".join(f"“{words}”" for words in printed.split(" | "))


def _day(release):
    """The first day that a release named by a day or a month can be of; None where it names neither."""
    if day := re.fullmatch(r"\d{4}-\d\d-\d\d", release):
        return day.group()
    month = re.search(r"\b([A-Z][a-z]+ \d{4})$", release)
    return datetime.strptime(month.group(), "%B %Y").strftime("%Y-%m-%d") if month else None


class _Writer:
    """The case and its codes, and what was left out on the way."""

    def __init__(self, case):
        self.case, self.left = case.as_of("follow_up"), []
        verified = case.codes.query("status == 'verified'")
        self.codes = {row["code"]: row for row in verified.to_dict("records")}
        self.places = dict(case.locators.itertuples(index=False))
        self.labels = case.variables.set_index("variable")["label"]

    def leave(self, row, why):
        what = row["label"] if row.get("label") else self.labels[row["variable"]]
        self.left.append(f"{row['fact']} {what}: {why}")

    def term(self, code, prefix=""):
        """A code with its label, as codes.csv has it."""
        return {"id": prefix + code, "label": self.codes[code]["label"]}

    def when(self, name):
        """A moment of the story, in its order; the article prints no date."""
        row = self.case.time_points.set_index("time_point").loc[name]
        label = f"time point {row['order']}: {row['label']} ({row['when']})"
        return {"ontologyClass": self.local(name, label)}

    def local(self, name, label):
        """A code of our own, for what no code system here has: a moment, a route, an interval."""
        return {"id": "casebook:" + name.replace("_", "-"), "label": label}

    def told(self, row, code):
        """Printed words, their place, and how the code stands to them."""
        where = "; ".join(self.places[p.strip()] for p in row["where"].split("|"))
        text = f"{self.labels[row['variable']]}: {_quoted(row['as_printed'])} ({where}; {row['fact']})."
        match = self.codes[code]["match"]
        text += "" if match == "exact" else f" Match of the code: {match}."
        return text + (f" Note: {row['note']}." if row["note"] else "")

    def features(self):
        found, running = [], {}
        for row in self.case.findings.query("status == 'reported'").to_dict("records"):
            name, absent = row["variable"], row["state"] == "absent"
            if row["note"].startswith("reading:"):
                self.leave(row, READING)
            elif absent and name in running:  # what was there before has gone
                running[name]["resolution"] = self.when(row["time_point"])
                running[name]["description"] += " Later: " + self.told(row, running[name]["type"]["id"])
            elif row["hpo"] not in self.codes:
                if name not in ELSEWHERE:
                    self.leave(row, "denied in the article, no code" if absent else "no code")
            else:
                entry = {"description": self.told(row, row["hpo"]), "type": self.term(row["hpo"])}
                if absent:
                    entry["excluded"] = True
                    entry["description"] += f" Not found at {self.when(row['time_point'])['ontologyClass']['label']}."
                else:
                    entry["onset"] = self.when(row["time_point"])
                    running[name] = entry
                found.append(entry)
        return found

    def measurements(self):
        found = []
        for row in self.case.observations.query("status == 'reported'").to_dict("records"):
            if row["note"].startswith("reading:"):
                self.leave(row, READING)
            elif row["loinc"] not in self.codes or row["unit"] not in UCUM:
                if row["variable"] not in ELSEWHERE:
                    self.leave(row, "no code")
            elif row["value_high"] == row["value_high"]:
                self.leave(row, "a range, and a measurement holds one number")
            else:
                unit = {"id": "UCUM:" + UCUM[row["unit"]], "label": row["unit"]}
                entry = {"description": self.told(row, row["loinc"]), "assay": self.term(row["loinc"], "LOINC:")}
                entry["value"] = {"quantity": {"unit": unit, "value": row["value"]}}
                found.append({**entry, "timeObserved": self.when(row["time_point"])})
        return found

    def actions(self):
        found = []
        for row in self.case.treatments.query("status == 'reported'").to_dict("records"):
            if row["atc"] not in self.codes:
                self.leave(row, "no code")
            elif row["dose"] != row["dose"] and not row["route"]:
                self.leave(row, "the end of a course that is listed already")
            else:
                treatment = {"agent": self.term(row["atc"], "ATC:")}
                if row["route"]:
                    treatment["routeOfAdministration"] = self.local(row["route"], row["route"])
                if row["dose"] == row["dose"]:
                    unit = {"id": "UCUM:" + UCUM[row["dose_unit"]], "label": row["dose_unit"]}
                    dose = {"quantity": {"unit": unit, "value": row["dose"]}}
                    dose["scheduleFrequency"] = self.schedule(row)
                    treatment["doseIntervals"] = [dose]
                found.append({"treatment": treatment})
        return found

    def schedule(self, row):
        """How often a dose was given, as far as that is printed."""
        if row["dose_unit"] != "mg/kg/dose":
            return self.local("daily-amount", "an amount a day; into how many doses it was divided is not printed")
        weeks, hours = divmod(int(row["interval_h"]), 168)
        told = f"every {hours} hours" if hours else f"every {weeks} weeks"
        return self.local(told.replace(" ", "-"), told)

    def diseases(self):
        """Systemic JIA begins at an age: two whole years at the first hospital, less the month of fever before it."""
        start = self.case.observations.query("time_point == 'regional_hospital'").set_index("variable")["value"]
        age, fever = int(start["age"]), int(start["fever_duration"])
        bounds = {"start": f"P{age - 1}Y{12 - fever}M", "end": f"P{age + 1}Y"}
        onset = {"ageRange": {k: {"iso8601duration": v} for k, v in bounds.items()}}
        first, second = ({"term": self.term(code), "onset": self.when(at)} for code, at in DISEASES.items())
        return [{**first, "onset": onset}, second]

    def interpretation(self):
        """The variant. The article names gene, change and zygosity; the transcript is from the data bases."""
        row = self.case.findings.set_index("variable").loc["prf1_a91v_heterozygous"]
        claim = self.case.claims.set_index("claim").loc["variant_reported_in_mas"]
        question = self.case.discrepancies.set_index("id").loc["D22"]
        descriptor = {
            "id": "casebook:prf1-a91v",
            "label": "PRF1 c.272C>T p.(Ala91Val)",
            "geneContext": {"valueId": "HGNC:9360", "symbol": "PRF1"},
            "expressions": [{"syntax": "hgvs.c", "value": "NM_001083116.3:c.272C>T"}],
            "moleculeContext": "transcript",
            "allelicState": {"id": "GENO:0000135", "label": "heterozygous"},
            "description": f"Printed: {_quoted(row['as_printed'])} ({row['fact']}). No transcript is printed.",
        }
        # CANDIDATE, "possibly related": the authors cite that it was reported in the disease and say no more.
        genomic = {"subjectOrBiosampleId": CASE, "interpretationStatus": "CANDIDATE"}
        genomic["variantInterpretation"] = {"variationDescriptor": descriptor}
        diagnosis = {"disease": self.term("MONDO:0015545"), "genomicInterpretations": [genomic]}
        summary = f"The authors: {_quoted(claim['as_printed'])} ({claim['fact']}). D22: {question['handling']}"
        summary += f" Note: {row['note']}."
        return {"id": "prf1", "progressStatus": "COMPLETED", "diagnosis": diagnosis, "summary": summary}

    def meta(self, packet):
        """The resources used, each with its pinned release, and the article."""
        releases = {"HP" if c["system"] == "HPO" else c["system"]: c["release"] for c in self.codes.values()}
        text, found = json.dumps(packet), []
        for prefix, (name, url, iri) in RESOURCES.items():
            if f'"{prefix}:' in text:
                release = releases.get(prefix, "not stated")
                about = {"id": prefix.lower(), "name": name, "url": url, "version": release}
                found.append({**about, "namespacePrefix": prefix, "iriPrefix": iri})
        # Not the clock but the newest release that is pinned: a rebuild gives the same bytes.
        newest = max(filter(None, map(_day, releases.values())))
        cited = {"id": f"DOI:{DOI}", "reference": f"https://doi.org/{DOI}"}
        cited["description"] = "The case report from which everything here is taken; CC BY"
        known = {"created": f"{newest}T00:00:00Z", "createdBy": "MAS Casebook", "resources": found}
        return {**known, "phenopacketSchemaVersion": "2.0", "externalReferences": [cited]}


def packet(case=None):
    """The packet, and what is not in it.

    Parameters
    ----------
    case : Case, optional
        The collection's own by default.

    Returns
    -------
    tuple of (dict, list of str)
        The packet as JSON has it, and a line for each reported row that it does not hold, with the reason.
    """
    w = _Writer(case or load_case())
    # No age at the last encounter: two years is the age at the first hospital, and none is printed after it.
    whole = {"id": CASE, "subject": {"id": CASE, "sex": "MALE"}, "phenotypicFeatures": w.features()}
    whole |= {"measurements": w.measurements(), "interpretations": [w.interpretation()]}
    whole |= {"diseases": w.diseases(), "medicalActions": w.actions()}
    return {**whole, "metaData": w.meta(whole)}, w.left


def text():
    """The packet as it lies in the folder."""
    return json.dumps(packet()[0], ensure_ascii=False, indent=1) + "\n"
