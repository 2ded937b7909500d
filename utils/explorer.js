// The result of an explorer. What the kernel has made ready for the next step of a control is drawn as soon as the control
// moves; what the kernel then sends is the last word.
const near = (a, b) => a === b || Math.abs(a - b) <= 1e-6 * (Math.abs(a) + Math.abs(b));

// What is read aloud once the controls have come to rest: the sentences, or what the picture shows, or what a table is.
const words = (result) => {
  const told = [...result.querySelectorAll(":scope > p")].map((p) => p.textContent).join(" ");
  return told || result.querySelector("img")?.alt || result.querySelector("caption")?.textContent || "";
};

function render({ model, el }) {
  const result = document.createElement("div");
  result.className = "casebook-result jp-RenderedHTMLCommon";
  const said = document.createElement("div");
  said.className = "casebook-said";
  said.setAttribute("role", "status");
  el.append(result, said);

  const movers = {}, ahead = [];
  let drawn = null, late, rest;
  const at = (name) => movers[name].model.get(movers[name].trait);
  const stands = (state, but) => Object.keys(movers).every((name) => name === but || near(at(name), state[name]));
  const draw = (html) => {
    clearTimeout(late);
    if (html === drawn) return;
    const first = drawn === null;
    drawn = result.innerHTML = html;
    clearTimeout(rest);
    if (!first) rest = setTimeout(() => { said.textContent = words(result); }, 700);
  };
  const show = () => {
    const { html, state } = model.get("shown");
    clearTimeout(late);
    if (stands(state)) draw(html);
    else late = setTimeout(() => draw(html), 400); // the page has moved on, and a newer result is on its way
  };
  const moved = (name) => {
    const ready = ahead.find((a) => a.name === name && near(a.at, at(name)) && stands(a.base, name));
    if (ready) draw(ready.html);
  };
  model.on("change:shown", show);
  model.on("msg:custom", (ready) => {
    ahead.unshift(ready);
    ahead.length = Math.min(ahead.length, 200);
  });
  show();

  const views = (name) => Promise.all(Object.values(movers[name].model.views ?? {}));
  const name = async (key, label, tries = 100) => { // a slider's handle has no name of its own
    const handles = (await views(key)).flatMap((view) => [...view.el.querySelectorAll("[role=slider]")]);
    handles.forEach((handle) => handle.setAttribute("aria-label", label));
    if (!handles.length && tries) setTimeout(() => name(key, label, tries - 1), 50);
  };
  for (const [key, [id, trait, label]] of Object.entries(model.get("movers"))) {
    model.widget_manager.get_model(id.replace("IPY_MODEL_", "")).then((mover) => {
      movers[key] = { model: mover, trait };
      mover.on(`change:${trait}`, () => moved(key));
      if (label) name(key, label);
    });
  }
  const attend = () => {
    const box = el.closest(".casebook-explorer");
    if (!box) return setTimeout(attend, 50);
    box.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take a letter for a command
    box.addEventListener("focusin", async ({ target }) => {
      for (const key of Object.keys(movers)) {
        if ((await views(key)).some((view) => view.el.contains(target))) return model.send({ near: key });
      }
    });
  };
  attend();
}
export default { render };
