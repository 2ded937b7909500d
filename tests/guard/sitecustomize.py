"""Refuses and counts, in every Python that the tests start, whatever would leave this machine.

The folder stands on PYTHONPATH (``tests/plugin.py``), so kernels, JupyterLab and other children load this first.
Python's own sockets are seen; what a compiled library opens by itself is not, and a child started with ``-I`` or
without PYTHONPATH is not guarded.
"""

import ipaddress
import os
import sys

SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")  # of a socket, to an address
ASKS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")  # of a name


def local(host):
    """Whether an address or a name stays on this machine."""
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False  # a name is asked of a server elsewhere
    return address.is_loopback or address.is_unspecified  # to connect to 0.0.0.0 is to connect to oneself


def guard(event, arguments):
    """The audit hook."""
    if event in SENDS:  # by a Unix socket, or one connected, and so looked at, before: no tuple
        address = arguments[1]
        beyond = isinstance(address, tuple) and not local(address[0])
    elif event in ASKS:
        address = arguments[0]
        beyond = not local(address)
    else:
        return
    if beyond:
        with open(os.environ["MAS_CASEBOOK_REFUSED"], "a", encoding="utf-8") as log:
            log.write(f"{os.getpid()} {event} {address}\n")
        raise OSError(f"the tests keep off the network, and this asked for {address}")


if "MAS_CASEBOOK_REFUSED" in os.environ and not hasattr(sys, "casebook_guard"):
    sys.casebook_guard = guard  # a hook stays for good, so one is enough
    sys.addaudithook(guard)
