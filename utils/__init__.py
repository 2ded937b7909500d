"""The small module behind the notebooks; each room is imported on its own, so that none costs another."""

import sys

for stream in (sys.stdout, sys.stderr):
    if getattr(stream, "errors", "") == "strict" and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a console that has no µ shows ?, and the session goes on

if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
    from utils.start import load_ipython_extension

    load_ipython_extension(shell)  # where the environment was made without our settings, the imports cell brings it
