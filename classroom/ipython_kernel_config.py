# Goes to etc/ipython of the environment: a cell run too early says which one to run first, even before `utils` is used.
c = get_config()  # noqa: F821  IPython gives it to this file
c.InteractiveShellApp.extensions.append("utils.first")
