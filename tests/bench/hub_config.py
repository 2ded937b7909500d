"""The hub of the trial: classroom's own settings, on loopback, a plain process for each learner. Not for a class."""

import json
import os
import sys

trial = json.loads(os.environ["CASEBOOK_TRIAL"])
if trial["settings"]:
    load_subconfig(trial["settings"])  # noqa: F821  JupyterHub gives both names to this file
c = get_config()  # noqa: F821

c.JupyterHub.bind_url = trial["address"]
c.JupyterHub.hub_port = trial["hub_port"]
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = os.urandom(32)
c.ConfigurableHTTPProxy.command = trial["proxy"]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{trial['proxy_port']}"

c.JupyterHub.authenticator_class = "dummy"  # anybody is let in
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = trial["homes"] + "/{username}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args.append("--allow-root")  # in a container the only user is often root
c.Spawner.args.append("--KernelManager.transport=ipc")  # all kernels are on one machine: see classroom/hub/README.md
sockets = {"JUPYTER_RUNTIME_DIR": lambda spawner: f"{trial['sockets']}/{spawner.user.name}"}
c.Spawner.environment.update({**trial["environment"], **sockets})

c.JupyterHub.services = [{"name": "trial", "api_token": trial["token"]}]
c.JupyterHub.load_roles = [
    {"name": "trial", "services": ["trial"], "scopes": ["admin:users", "admin:servers", "access:servers"]}
]
