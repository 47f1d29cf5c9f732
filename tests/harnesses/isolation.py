"""Keeping a program from the network: a namespace with loopback only, or a proxy that leads nowhere.

A namespace needs root, or a kernel that lets everybody have user namespaces. Where there is none, programs that obey
proxy variables are led to a closed port, and loopback ports are shared with everything else on the machine.
"""

from __future__ import annotations

import fcntl
import functools
import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping

_WAYS = (
    # With a process namespace, whatever a program leaves behind ends with it.
    ("--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    ("--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    ("--map-root-user", "--net"),
)

# From <linux/sockios.h> and <net/if.h>.
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1

NOWHERE = "http://127.0.0.1:9"


@functools.cache
def namespace_command() -> tuple[str, ...]:
    """The command that runs what follows it without a network; empty where nothing can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    for way in _WAYS:
        result = subprocess.run([unshare, *way, "true"], capture_output=True, timeout=20, check=False)
        if result.returncode == 0:
            return (unshare, *way)
    return ()


def raise_loopback() -> None:
    """Switch the loopback interface of this network namespace on: a new one has it switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        if not flags & _IFF_UP:
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def proxy_to_nowhere() -> Mapping[str, str]:
    """Variables by which programs send everything but loopback to a port where nobody listens."""
    variables = {f"{scheme}_proxy": NOWHERE for scheme in ("http", "https", "all")}
    variables["no_proxy"] = "127.0.0.1,localhost,::1"
    return variables | {name.upper(): value for name, value in variables.items()}
