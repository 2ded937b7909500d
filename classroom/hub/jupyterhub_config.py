"""What a class needs of any hub, whichever spawner it has.

The hub's own configuration loads it, and what stands there below this line wins over it:

    load_subconfig("/path/to/mas-casebook/classroom/hub/jupyterhub_config.py")

README.md beside it says how this is done on The Littlest JupyterHub and on Kubernetes, and what it rests on.
"""

c = get_config()  # noqa: F821  JupyterHub gives it to this file

# A class starts all at once, so its servers get ready together: on two cores after some two seconds for each learner.
# The hub's own limit, half a minute for a server's first answer, was over for every one of 24.
c.Spawner.start_timeout = 240
c.Spawner.http_timeout = 240
# As many as two cores get ready in half of that time; whoever comes on top is asked to try again.
c.JupyterHub.concurrent_spawn_limit = 60

# A server and one kernel take about 240 MiB, every further open notebook half of that: so all ten can be open. The
# spawner has to enforce it; one that starts plain processes does not.
c.Spawner.mem_guarantee = "256M"
c.Spawner.mem_limit = "1.5G"

# Where a learner lands who comes back; the first time it is the link that brings the folder (see README.md).
c.Spawner.default_url = "/lab/tree/mas-casebook/notebooks/00_start_here.ipynb"

# The kernel called python3 is that of the environment with the casebook in it, not one in a learner's home.
c.Spawner.environment.update({"JUPYTER_PREFER_ENV_PATH": "1"})

# An hour after a page was closed its kernel ends, and an hour after its last kernel the server. Answers are in the
# record by then, notebooks saved; what is lost is variables, and Run All brings them back.
c.Spawner.args.extend(
    [
        "--MappingKernelManager.cull_idle_timeout=3600",
        "--MappingKernelManager.cull_interval=300",
        "--ServerApp.shutdown_no_activity_timeout=3600",
    ]
)
