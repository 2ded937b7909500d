// From a folder no page can be opened live: a browser runs Python only from a web address.
if (location.protocol === "file:") document.documentElement.classList.add("from-file");

// On paper what is folded up comes last, so that nobody reads it beside its question.
addEventListener("beforeprint", () => {
  const page = document.querySelector("article.bd-article:has(.live[data-folded])");
  if (!page) return;
  const { folded, there } = document.querySelector(".live").dataset;
  const last = document.createElement("section");
  last.className = "folds";
  last.appendChild(document.createElement("h2")).textContent = folded;
  page.querySelectorAll("details:not(.hide, .keys)").forEach((fold) => {
    if (fold.parentElement.closest("details")) return;
    const copy = fold.cloneNode(true);
    [copy, ...copy.querySelectorAll("details")].forEach((each) => { each.open = true; });
    last.append(copy);
    fold.open = false;
    fold.querySelector("summary").dataset.there = there;
  });
  if (last.childElementCount > 1) page.append(last);
});
addEventListener("afterprint", () => {
  document.querySelector(".folds")?.remove();
  document.querySelectorAll("[data-there]").forEach((summary) => summary.removeAttribute("data-there"));
});
