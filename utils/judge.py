"""The register of discrepancies, to choose from and to search."""

import ipywidgets as widgets
import pandas as pd

from utils.explorer import Explorer, none_such, values
from utils.forms import prompts
from utils.page import say, table, together
from utils.phrases import phrase
from utils.quiz import items

ANY = "any"


def asked_in():
    """Where each entry of the register is asked about: dict of id -> set of notebooks whose questions rest on it."""
    found = {}
    for one in [*items().values(), *prompts().values()]:
        rests = [r for o in one.get("options", []) for r in o["rests_on"]] + list(one.get("rests_on", []))
        for name in (r for r in rests if r.startswith("D")):
            found.setdefault(name, set()).add(one["notebook"])
    return found


class Register(Explorer):
    """The register of discrepancies of the whole case, to choose from and to search; one is open, all are listed."""

    def __init__(self, case):
        places, used = dict(case.locators[["locator", "label"]].itertuples(index=False)), asked_in()
        moments = dict(case.time_points[["time_point", "label"]].itertuples(index=False))
        rows = case.discrepancies
        self._rows = rows.assign(
            moment=rows["time_point"].map(moments),
            place=["; ".join(places[p.strip()] for p in w.split("|")) for w in rows["where"]],
            books=[used.get(name, set()) for name in rows["id"]],
        ).set_index("id")
        style = {"style": {"description_width": "10em"}, "layout": {"width": "34em"}}
        lists = {"kind": self._rows["kind"].unique(), "notebook": sorted(set().union(*self._rows["books"]))}
        lists["moment"] = [m for m in moments.values() if m in set(self._rows["moment"])]
        controls = {
            n: widgets.Dropdown(
                options=[(phrase("judge.any"), ANY), *zip(x, x, strict=True)],
                description=phrase(f"judge.by_{n}"),
                **style,
            )
            for n, x in lists.items()
        }
        controls["search"] = widgets.Text(description=phrase("judge.search"), **style)
        controls["entry"] = widgets.Dropdown(options=[*self._rows.index], description=phrase("judge.entry"), **style)
        every = widgets.Button(description=phrase("judge.show_all"), layout={"width": "12em"})
        super().__init__([*controls.values(), every], controls)
        every.on_click(lambda _: self.set(kind=ANY, moment=ANY, notebook=ANY, search=""))

    def _matching(self, now):
        """The ids that fit every choice; a search goes through all that is told of an entry."""
        text = now["search"].strip().casefold()
        return [
            name
            for name, r in self._rows.iterrows()
            if now["kind"] in (ANY, r["kind"]) and now["moment"] in (ANY, r["moment"])
            and (now["notebook"] == ANY or now["notebook"] in r["books"])
            and text in " ".join([name, *map(str, r.drop("books"))]).casefold()
        ]  # fmt: skip

    def _settled(self, now, name):
        names = self._matching(now)
        return now if now["entry"] in names else {**now, "entry": names[0] if names else None}

    def _place(self, now):
        if values(entry := self._controls["entry"]) != (names := self._matching(now)):
            entry.options = names
        super()._place(now)

    def _view(self, now):
        names, at = self._matching(now), now["entry"]
        line = say(phrase("judge.entries_fit", n=len(names), total=len(self._rows)))
        if not names:
            return together(line, say(phrase("judge.none_fits")))
        r = self._rows.loc[at]
        quoted = [phrase("judge.quoted", words=w.strip()) for w in r["as_printed"].split("|") if r["as_printed"]]
        one = {"printed": r["printed"], "printed_words": "; ".join(quoted) or phrase("judge.none"), "where": r["place"]}
        one |= {"asks": r["question"], "handled": r["handling"], "facts": r["facts"].replace(" ", ", ")}
        parts = {phrase("judge.part"): [phrase(f"judge.{k}") for k in one], phrase("judge.told"): one.values()}
        opened = table(pd.DataFrame(parts), f"{at}. {r['title']}")
        listed = self._rows.loc[names].reset_index()
        listed["books"] = [", ".join(sorted(b)) or "–" for b in listed["books"]]
        heads = {k: phrase(f"judge.{k}") for k in ("id", "title", "kind", "moment", "books")}
        return together(line, opened, table(listed[[*heads]].rename(columns=heads), phrase("judge.listed")))

    def set(self, **given):
        """Choose by call: ``set(kind="two accounts")``, ``set(search="dose")``, ``set(entry="D07")``."""
        now = {**self.get(), **given}
        for name, value in given.items():
            if name not in self._controls:
                return none_such([name], *self._controls)
            listed = [] if name == "search" else values(self._controls[name])
            known = [*self._rows.index] if name == "entry" else listed
            if not isinstance(value, str) or (known and value not in known):
                refused = {"value": value, "name": name, "known": ", ".join(known)}
                return say(phrase("explorer.not_on_the_list" if known else "judge.give_words", **refused))
        if "entry" in given and given["entry"] not in self._matching(now):
            return say(phrase("judge.does_not_fit", entry=given["entry"]))
        return self._move(**given)


register = Register
