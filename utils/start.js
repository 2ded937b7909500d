// The start check: the table that the kernel made, and whether the slider above it really stands on this page.
function render({ model, el }) {
  const words = model.get("words");
  const table = document.createElement("div");
  table.className = "jp-RenderedHTMLCommon";
  table.innerHTML = model.get("table");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  el.append(status, table);

  const show = () => { status.textContent = model.get("answer") || words.looking; };
  model.on("change:answer", show);
  show();
  const look = (tries) => {
    const handle = el.closest(".casebook-explorer")?.querySelector("[role=slider]");
    if (!handle?.getBoundingClientRect().width) {
      if (tries) setTimeout(() => look(tries - 1), 200);
      else status.textContent = words.none_shows;
      return;
    }
    handle.setAttribute("aria-label", words.slider); // it has no name of its own
    model.set("shows", true);
    model.save_changes();
    setTimeout(() => { if (!model.get("answer")) status.textContent = words.no_answer; }, 8000);
  };
  look(25);
}
export default { render };
