"""The page that needs no install: the same notebooks as a JupyterLite site, with a Pyodide of its own."""
