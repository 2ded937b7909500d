"""The hub of the trial: classroom's own settings, on loopback, a plain process for each learner. Not for a class."""

import json
import os
import sys

settings, proxy, homes, sockets, token, port, hub_port, proxy_port = json.loads(os.environ["TRIAL"])
load_subconfig(settings)  # noqa: F821  JupyterHub gives both names to this file
c = get_config()  # noqa: F821

c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_port = hub_port
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = os.urandom(32)
c.ConfigurableHTTPProxy.command = [proxy]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"

c.JupyterHub.authenticator_class = "dummy"  # anybody is let in
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = homes + "/{username}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
# In a container the only user is often root; all kernels are on one machine: see classroom/hub/README.md.
c.Spawner.args.extend(["--allow-root", "--KernelManager.transport=ipc"])
# Two that do not exist: a test sees by them that hub and servers say which setting they do not know.
c.Spawner.not_a_setting = True
c.Spawner.args.append("--MappingKernelManager.nor_this_one=True")
c.Spawner.env_keep.extend(["JUPYTER_CONFIG_PATH", "MAS_CASEBOOK_REFUSED"])  # tests/guard, where a test runs this
c.Spawner.environment.update({"JUPYTER_RUNTIME_DIR": lambda spawner: f"{sockets}/{spawner.user.name}"})
c.JupyterHub.services = [{"name": "trial", "api_token": token}]
scopes = ["admin:users", "admin:servers", "access:servers"]
c.JupyterHub.load_roles = [{"name": "trial", "services": ["trial"], "scopes": scopes}]
