// The start check: the table that the kernel made, and whether the slider above it really stands on this page.
const NONE = "No slider shows on this page. Choose Run, Run All Cells; if that does not help, close the page, open it anew and run it.";
const DEAF = "A slider shows on this page, but the kernel does not answer. Choose Kernel, Restart Kernel and Run All Cells.";

function render({ model, el }) {
  const told = document.createElement("div");
  told.className = "jp-RenderedHTMLCommon";
  told.innerHTML = model.get("told");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  el.append(status, told);

  const show = () => { status.textContent = model.get("said") || "Looking for the slider …"; };
  model.on("change:said", show);
  show();
  const look = (tries) => {
    const handle = el.closest(".casebook-explorer")?.querySelector("[role=slider]");
    if (!handle?.getBoundingClientRect().width) {
      if (tries) setTimeout(() => look(tries - 1), 200);
      else status.textContent = NONE;
      return;
    }
    handle.setAttribute("aria-label", "a slider to try"); // it has no name of its own
    model.set("shows", true);
    model.save_changes();
    setTimeout(() => { if (!model.get("said")) status.textContent = DEAF; }, 8000);
  };
  look(25);
}
export default { render };
