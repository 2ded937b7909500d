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
  const say = (sentence) => {
    clearTimeout(rest);
    rest = setTimeout(() => { said.textContent = sentence || words(result); }, 700);
  };
  const tell = (key) => { // a slider would say its place as a bare number, a logarithm even, and does so at each move
    const { model: mover, handles } = movers[key];
    mover.spoken ??= model.get("shown").spoken[key]; // kept there, so that two views of it agree
    handles.forEach((handle) => handle.getAttribute("aria-valuetext") === mover.spoken || handle.setAttribute("aria-valuetext", mover.spoken));
  };
  const draw = (next) => {
    clearTimeout(late);
    for (const key of Object.keys(movers)) {
      movers[key].model.spoken = next.spoken[key];
      tell(key);
    }
    if (next.html === drawn) return;
    const first = drawn === null;
    drawn = result.innerHTML = next.html;
    if (!first) say();
  };
  const show = () => {
    const shown = model.get("shown");
    clearTimeout(late);
    if (stands(shown.state)) draw(shown);
    else wait(shown);
  };
  // The page has moved on, and a newer result is on its way for as long as the kernel has not done with what it was sent.
  const busy = () => Object.values(movers).some((mover) => mover.model._pending_msgs > 0);
  const wait = (shown) => { late = setTimeout(() => (busy() ? wait(shown) : draw(shown)), 400); };
  const moved = (name) => {
    const ready = ahead.find((a) => a.name === name && near(a.at, at(name)) && stands(a.base, name));
    if (ready) draw(ready);
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
    if (!handles.length && tries) return setTimeout(() => name(key, label, tries - 1), 50);
    movers[key].handles = handles;
    for (const handle of handles) {
      handle.setAttribute("aria-label", label);
      new MutationObserver(() => tell(key)).observe(handle, { attributeFilter: ["aria-valuetext"] });
    }
    tell(key);
  };
  for (const [key, [id, trait, label]] of Object.entries(model.get("movers"))) {
    model.widget_manager.get_model(id.replace("IPY_MODEL_", "")).then((mover) => {
      movers[key] = { model: mover, trait, handles: [] };
      mover.on(`change:${trait}`, () => moved(key));
      if (label) name(key, label);
    });
  }
  const heard = new Map(); // what stood beside each field when it was last looked at
  const heed = (box) => {
    let changed = "", any = false;
    for (const room of box.querySelectorAll(".casebook-refused")) {
      const field = room.parentElement.querySelector("input"), sentence = room.textContent;
      room.id ||= `refused-${Math.random().toString(36).slice(2)}`;
      field.setAttribute("aria-describedby", room.id);
      field.setAttribute("aria-invalid", sentence !== "");
      if (heard.has(room) && heard.get(room) !== sentence) [changed, any] = [changed || sentence, true];
      heard.set(room, sentence);
    }
    if (any) say(changed); // a sentence that has gone: the result is told again
  };
  const attend = () => {
    const box = el.closest(".casebook-explorer");
    if (!box) return setTimeout(attend, 50);
    if (box.lastElementChild.contains(el)) {
      heed(box);
      new MutationObserver(() => heed(box)).observe(box, { childList: true, subtree: true });
    }
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
