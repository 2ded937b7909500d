// A question card: commit first, then the feedback. It holds no answer: the kernel sends feedback only after a commit.
function radios(legend, name, options) {
  const set = document.createElement("fieldset");
  set.append(Object.assign(document.createElement("legend"), { textContent: legend }));
  for (const [value, text] of options) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
    label.append(input, ` ${text}`);
    set.append(label);
  }
  return set;
}

function render({ model, el }) {
  const item = model.get("item");
  const id = `card-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`; // randomUUID is missing on plain http
  const form = document.createElement("form");
  form.className = "casebook-card";
  form.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  const choice = radios(`${item.id}. ${item.stem}`, `${id}-choice`, item.options);
  const sure = radios("How sure are you? (optional, never scored)", `${id}-sure`, ["low", "medium", "high"].map((c) => [c, c]));
  sure.className = "casebook-sure";
  const button = Object.assign(document.createElement("button"), { type: "submit", textContent: `Commit answer ${item.id}` });
  const status = document.createElement("div");
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");
  form.append(choice, sure, button, status);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = new FormData(form);
    if (!given.get(`${id}-choice`)) {
      status.textContent = "Choose an answer first.";
      return;
    }
    status.textContent = "Saving …";
    clearTimeout(form.waiting);
    form.waiting = setTimeout(() => {
      status.textContent = "No reply: the page is not connected to its kernel. Choose Run, Run All Cells, then commit again.";
    }, 4000);
    model.set("given", { choice: given.get(`${id}-choice`), confidence: given.get(`${id}-sure`) ?? "", at: Date.now() }); // the time makes a repeated answer a change
    model.save_changes();
  });
  const show = (change) => {
    clearTimeout(form.waiting);
    const { choice: chosen, confidence } = model.get("committed");
    for (const input of form.querySelectorAll("input")) {
      const mine = Boolean(chosen) && input.value === (input.name.endsWith("choice") ? chosen : confidence);
      if (chosen) input.checked = mine;
      input.parentElement.classList.toggle("casebook-mine", mine);
      input.disabled = Boolean(chosen);
    }
    button.hidden = Boolean(chosen);
    status.innerHTML = model.get("feedback");
    if (change && chosen && form.contains(document.activeElement.closest?.(".casebook-card") ?? null)) {
      status.tabIndex = -1; // the button is gone: let the reader go on from the feedback
      status.focus({ preventScroll: true });
    }
  };
  model.on("change:feedback", show);
  show();
  el.append(form);
}
export default { render };
