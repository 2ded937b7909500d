// The start check: the table that the kernel made, and whether the slider above it really stands on this page.
function render({ model, el }) {
  const words = model.get("words");
  const told = document.createElement("div");
  told.className = "jp-RenderedHTMLCommon";
  told.innerHTML = model.get("told");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  el.append(status, told);

  const show = () => { status.textContent = model.get("said") || words.looking; };
  model.on("change:said", show);
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
    setTimeout(() => { if (!model.get("said")) status.textContent = words.no_answer; }, 8000);
  };
  look(25);
}
export default { render };
