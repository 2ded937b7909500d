// A card on the page: a question, a text to write, a list to rank or a board to fill. It holds no answer: the kernel
// sends feedback only after a commit. Plain HTML controls in one form, so that every one has a name and a keyboard.
const make = (tag, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

const box = (legend, ...inside) => make("fieldset", {}, make("legend", { textContent: legend }), ...inside);

const radios = (legend, name, options) =>
  box(legend, ...options.map(([value, text]) => make("label", {}, make("input", { type: "radio", name, value }), ` ${text}`)));

const choose = (name, options) =>
  make("select", { name }, ...options.map(([value, text]) => make("option", { value, textContent: text })));

const title = (item) => `${item.id}. ${item.stem}`;

const build = {
  choice: (item) => radios(title(item), "choice", item.options),
  text: (item) => box(title(item), ...item.fields.map(([name, text, rows]) => make("label", {}, text, make("textarea", { name, rows })))),
  rank: (item) => box(title(item), ...item.fields.map(([name, text]) =>
    make("label", { className: "casebook-row" }, choose(name, item.options), ` ${text}`))),
  grid: (item) => {
    const head = (scope, id, textContent) => make("th", { scope, id: `${item.key}-${id}`, textContent });
    const rows = item.fields.map(([row, text], n) => make("tr", {}, head("row", `r${n}`, text), ...item.columns.map(([column], c) => {
      const cell = choose(`${row}|${column}`, item.options);
      cell.setAttribute("aria-labelledby", `${item.key}-r${n} ${item.key}-c${c}`);
      return make("td", {}, cell);
    })));
    const heads = item.columns.map(([, text], c) => head("col", `c${c}`, text));
    const table = make("table", {}, make("thead", {}, make("tr", {}, head("col", "corner", item.corner), ...heads)), make("tbody", {}, ...rows));
    return box(item.stem, make("div", { className: "casebook-grid" }, table));
  },
};

function render({ model, el }) {
  const say = model.get("words");
  const item = { ...model.get("item"), key: `card-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}` }; // randomUUID is missing on plain http
  const form = make("form", { className: "casebook-card" }, build[item.kind](item));
  for (const mark of ["yours", "first", "both"]) form.style.setProperty(`--${mark}`, JSON.stringify(` (${say[mark]})`));
  form.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  if (item.confidence) {
    const sure = radios(say.how_sure, "confidence", Object.entries(say.levels));
    sure.className = "casebook-sure";
    form.append(sure);
  }
  const button = make("button", { type: "submit", textContent: item.button });
  const status = make("div", { tabIndex: -1 });
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");
  form.append(button, status);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    if (item.kind === "choice" && !given.choice) {
      status.innerHTML = say.choose_first + (item.first ? model.get("feedback") : "");
      return;
    }
    status.textContent = say.saving;
    clearTimeout(form.waiting);
    form.waiting = setTimeout(() => {
      status.textContent = say.no_reply;
    }, 4000);
    form.sent = true;
    if (item.kind === "choice") given.vote = item.first ? 2 : 1; // as the page showed it: a double click is no second vote
    model.set("given", { ...given, at: Date.now() }); // the time makes a repeated answer a change
    model.save_changes();
  });
  const show = () => {
    clearTimeout(form.waiting);
    const committed = model.get("committed");
    const done = Object.keys(committed).length > 0;
    const { first, button: words } = model.get("item");
    const anew = first !== item.first; // a first vote came, or was forgotten: nothing is pre-selected for the next
    Object.assign(item, { first });
    button.textContent = words;
    for (const control of form.elements) {
      if (!control.name) continue;
      if (control.type === "radio") {
        const mine = done && control.value === committed[control.name];
        if (done || anew) control.checked = mine;
        control.parentElement.classList.toggle("casebook-mine", mine && item.locks);
        control.parentElement.classList.toggle("casebook-first", control.name === "choice" && control.value === first);
      } else if (done) {
        control.value = committed[control.name] ?? "";
      }
      control.disabled = done && item.locks;
    }
    button.hidden = done && item.locks;
    status.innerHTML = model.get("feedback");
    if (form.sent && button.hidden) status.focus({ preventScroll: true }); // the button is gone: go on from the feedback
    form.sent = false;
  };
  model.on("change:item change:feedback change:committed change:reply", show);
  show();
  el.append(form);
}
export default { render };
