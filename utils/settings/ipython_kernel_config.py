# Goes to etc/ipython of the environment, and is read at each kernel's start, before any cell.
import os
import sys

# "import utils" means ours from here on, whatever else of that name lies beside the notebook or on PYTHONPATH.
for folder in [*sys.path]:
    if os.path.isfile(os.path.join(folder, "utils", "phrases.yaml")):
        sys.path.insert(0, folder)
        import utils  # noqa: F401

        sys.path.remove(folder)
        break

c = get_config()  # noqa: F821  IPython gives it to this file
c.InteractiveShellApp.extensions.append("utils.start")  # a cell run too early says which one to run first
