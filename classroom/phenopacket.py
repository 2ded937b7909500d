"""The published case, as of the end of follow-up, as a GA4GH Phenopacket (schema version 2).

It says no more than the article: what is not reported is nowhere in it, ``excluded`` stands only where the article
denies something, a moment is the time point of ``casedata`` by which a thing was known (when it began is seldom
printed), and nothing gets a code that ``codes.csv`` does not hold as verified. The rest is returned beside it.
"""

import json
from math import isnan

from utils.case import load_case, references
from utils.units import sign_before

CASE = "mas-casebook-case"
CREATED = "2026-11-24"  # the day on which the packet was last gone over, set by hand: a rebuild gives the same bytes
CHANGES = "Changes: paraphrased, values transcribed and coded; what is not reported is left out. Not for clinical use."
UCUM = {
    **{unit: unit for unit in ("mg/L", "mm/h", "mmol/L", "U/L", "g/dL", "g/L", "/min")},
    **{"/mm³": "/mm3", "µg/L": "ug/L", "mmHg": "mm[Hg]", "mg/kg/day": "mg/kg/d", "mg/kg/dose": "mg/kg"},
}
DISEASES = ("MONDO:0019434", "MONDO:0015545")  # the diagnoses that the authors make: systemic JIA, MAS
ELSEWHERE = ("prf1_a91v_heterozygous", "sjia_known_or_suspected", "age")  # under interpretations and diseases
GONE = {"neutropenia": "neutropenia_resolves"}  # finding: the event that ends it
RESOURCES = {  # prefix: name, page, what stands before the code; the release comes from codes.csv where it has one
    "HP": ("Human Phenotype Ontology", "http://purl.obolibrary.org/obo/hp.owl", "http://purl.obolibrary.org/obo/HP_"),
    "LOINC": ("Logical Observation Identifiers Names and Codes", "https://loinc.org", "https://loinc.org/"),
    "ATC": ("Anatomical Therapeutic Chemical", "https://atcddd.fhi.no", "https://atcddd.fhi.no/atc_ddd_index/?code="),
    "MONDO": ("Mondo", "http://purl.obolibrary.org/obo/mondo.owl", "http://purl.obolibrary.org/obo/MONDO_"),
    "UCUM": ("Unified Code for Units of Measure", "https://ucum.org", "https://ucum.org/#"),
    "GENO": ("Genotype Ontology", "http://purl.obolibrary.org/obo/geno.owl", "http://purl.obolibrary.org/obo/GENO_"),
    "HGNC": ("HUGO Gene Nomenclature Committee", "https://www.genenames.org", "https://identifiers.org/hgnc:"),
    "RefSeq": ("RefSeq", "https://www.ncbi.nlm.nih.gov/refseq", "https://www.ncbi.nlm.nih.gov/nuccore/"),
    "casebook": ("Local codes of the MAS Casebook: moments, routes, doses", "urn:mas-casebook", "urn:mas-casebook:"),
}


def quantity(value, unit):
    return {"quantity": {"unit": {"id": "UCUM:" + UCUM[unit], "label": unit}, "value": value}}


def local(name, label):
    """A code of our own, for what no code system here has: a moment, a route, an interval."""
    return {"id": "casebook:" + name.replace("_", "-"), "label": label}


class _Writer:
    """The case and its codes, and what was left out on the way."""

    def __init__(self, case):
        self.case, self.left = case.as_of("follow_up"), []
        verified = case.codes.query("status == 'verified'")
        self.codes = {row["code"]: row for row in verified.to_dict("records")}
        self.places = dict(case.locators.itertuples(index=False))
        self.labels = case.variables.set_index("variable")["label"]

    def leave(self, row, why):
        if row.get("variable") not in ELSEWHERE:
            self.left.append(f"{row['fact']} {row.get('label') or self.labels[row['variable']]}: {why}")

    def reported(self, table):
        """The reported rows of a table; what the article does not say in so many words is left out."""
        for row in self.case.tables[table].query("status == 'reported'").to_dict("records"):
            if "variable" in row and row["note"].startswith("reading:"):  # of a drug it is not the drug that we read
                self.leave(row, "a reading of ours, not the article's word")
            else:
                yield row

    def term(self, code, prefix=""):
        """A code with its label, as codes.csv has it."""
        return {"id": prefix + code, "label": self.codes[code]["label"]}

    def when(self, name):
        """A moment of the story by which a thing was known; the article prints no date, and seldom a beginning."""
        row = self.case.time_points.set_index("time_point").loc[name]
        label = f"known by time point {row['order']}: {row['label']} ({row['when']})"
        return {"ontologyClass": local(f"known-by-{name}", label)}

    def words(self, row):
        """Printed words, each phrase in its own quotation marks, and their place."""
        printed = ", ".join(f"“{words}”" for words in row["as_printed"].split(" | "))
        where = "; ".join(self.places[p.strip()] for p in row["where"].split("|"))
        return f"{printed} ({where}; {row['fact']})."

    def coded(self, row, code):
        """The same, and how the code stands to them."""
        match = self.codes[code]["match"].replace("exact", "")
        more = {" Match of the code": match, " Note": row["note"]}
        more = "".join(f"{name}: {words}." for name, words in more.items() if words)
        return f"{self.labels[row['variable']]}: {self.words(row)}{more}"

    def gone(self, entry, row, words):
        entry["resolution"] = self.when(row["time_point"])
        entry["description"] += f" Later: {words}"

    def features(self):
        found, running = [], {}
        for row in self.reported("findings"):
            name, absent = row["variable"], row["state"] == "absent"
            if absent and name in running:
                self.gone(running[name], row, self.coded(row, running[name]["type"]["id"]))
            elif row["hpo"] not in self.codes:
                self.leave(row, "denied in the article, no code" if absent else "no code")
            elif self.codes[row["hpo"]]["match"] == "narrow":
                self.leave(row, "the code says more than the text")
            else:
                entry = {"description": self.coded(row, row["hpo"]), "type": self.term(row["hpo"])}
                if absent:
                    entry["excluded"] = True
                    entry["description"] += f" Denial {self.when(row['time_point'])['ontologyClass']['label']}."
                else:
                    running[name] = entry
                    if row["where"] != "IN":  # the introduction tells no moment
                        entry["onset"] = self.when(row["time_point"])
                found.append(entry)
        for name in GONE.keys() & running:
            row = self.case.events.set_index("event").loc[GONE[name]]
            self.gone(running[name], row, self.words(row))
        return found

    def measurements(self):
        for row in self.reported("observations"):
            if row["loinc"] not in self.codes or row["unit"] not in UCUM:
                self.leave(row, "no code")
            elif not isnan(row["value_high"]) or sign_before(row["value"], row["as_printed"]):
                self.leave(row, "a range, and a measurement holds one number")
            else:
                entry = {"description": self.coded(row, row["loinc"]), "assay": self.term(row["loinc"], "LOINC:")}
                entry |= {"value": quantity(row["value"], row["unit"]), "timeObserved": self.when(row["time_point"])}
                yield entry

    def actions(self):
        for row in self.reported("treatments"):
            if row["atc"] not in self.codes:
                self.leave(row, "no code")
            elif isnan(row["dose"]) and not row["route"]:
                self.leave(row, "the end of a course that is listed already")
            else:
                treatment = {"agent": self.term(row["atc"], "ATC:")}
                if row["route"]:
                    treatment["routeOfAdministration"] = local(row["route"], row["route"])
                if not isnan(row["dose"]):
                    dose = quantity(row["dose"], row["dose_unit"])
                    treatment["doseIntervals"] = [{**dose, "scheduleFrequency": self.schedule(row)}]
                yield {"treatment": treatment}

    def schedule(self, row):
        """How often a dose was given, as far as that is printed, and of which course it is."""
        weeks, hours = divmod(int(row["interval_h"]), 168)
        often = "an amount a day; into how many doses it was divided is not printed"
        if row["dose_unit"] == "mg/kg/dose":
            often = f"every {hours} hours" if hours else f"every {weeks} weeks"
        moment = self.when(row["time_point"])["ontologyClass"]["label"]
        return local(row["treatment"], f"{often}. {row['label']}, {moment}: {self.words(row)}")

    def diseases(self):
        """Systemic JIA begins at an age, inferred: two whole years at the first hospital, less the month of fever."""
        start = self.case.observations.query("time_point == 'regional_hospital'").set_index("variable")["value"]
        age, fever = int(start["age"]), int(start["fever_duration"])
        bounds = {"start": f"P{age - 1}Y{12 - fever}M", "end": f"P{age}Y{12 - fever}M"}
        onset = {"ageRange": {k: {"iso8601duration": v} for k, v in bounds.items()}}
        onsets = (onset, self.when("admission"))  # by then the article first names MAS (F31)
        return [{"term": self.term(code), "onset": at} for code, at in zip(DISEASES, onsets, strict=True)]

    def interpretation(self):
        """The variant. The article names gene, change and zygosity; the transcript is from the data bases."""
        row = self.case.findings.set_index("variable").loc["prf1_a91v_heterozygous"]
        claim = self.case.claims.set_index("claim", drop=False).loc["variant_reported_in_mas"]
        descriptor = {
            "id": "casebook:prf1-a91v", "label": "PRF1 c.272C>T p.(Ala91Val)",
            "geneContext": {"valueId": "HGNC:9360", "symbol": "PRF1"},
            "expressions": [{"syntax": "hgvs.c", "value": "NM_001083116.3:c.272C>T"}],
            "moleculeContext": "transcript", "allelicState": self.term("GENO:0000135"),
            "description": f"Printed: {self.words(row)} No transcript is printed.",
        }  # fmt: skip
        # CANDIDATE, "possibly related": the authors cite that it was reported in the disease and say no more.
        genomic = {"subjectOrBiosampleId": CASE, "interpretationStatus": "CANDIDATE"}
        genomic["variantInterpretation"] = {"variationDescriptor": descriptor}
        diagnosis = {"disease": self.term(DISEASES[1]), "genomicInterpretations": [genomic]}
        return {"id": "prf1", "diagnosis": diagnosis, "summary": f"The authors: {self.words(claim)}"}

    def meta(self):
        """The resources used, each with its pinned release, and the article."""
        releases = {c["system"].replace("HPO", "HP"): c["release"] for c in self.codes.values()}
        fields, resources = ("id", "name", "url", "version", "namespacePrefix", "iriPrefix"), []
        for prefix, (name, url, iri) in RESOURCES.items():
            values = (prefix.lower(), name, url, releases.get(prefix, "not stated"), prefix, iri)
            resources.append(dict(zip(fields, values, strict=True)))
        article = references()["meneghel2021"]
        cited = {"reference": article["URL"], "description": f"Meneghel et al. {article['title']}. CC BY. {CHANGES}"}
        return {
            "created": f"{CREATED}T00:00:00Z", "createdBy": "MAS Casebook", "resources": resources,
            "phenopacketSchemaVersion": "2.0", "externalReferences": [cited],
        }  # fmt: skip


def packet(case=None):
    """The packet of a case as JSON has it (dict), and a line for each reported row that it does not hold (list)."""
    w = _Writer(case or load_case())
    # No age at the last encounter: two years is the age at the first hospital, and none is printed after it.
    return {
        "id": CASE, "subject": {"id": CASE, "sex": "MALE"}, "phenotypicFeatures": w.features(),
        "measurements": [*w.measurements()], "interpretations": [w.interpretation()],
        "diseases": w.diseases(), "medicalActions": [*w.actions()], "metaData": w.meta(),
    }, w.left  # fmt: skip


def text():
    """The packet as it lies in the folder (str)."""
    return json.dumps(packet()[0], ensure_ascii=False, indent=1) + "\n"
