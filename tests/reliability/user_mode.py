"""A second kernel, for file systems that the machine's own has not: Linux as a process (user-mode-linux).

Its root is the machine's, read-only, so that the same Python runs the same code there as everywhere; temporary files
are in its memory. Debian has it as `user-mode-linux`, for amd64 alone.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
PROGRAM = "linux.uml"
KINDS = frozenset({"vfat"})
"""What it can mount with `_NEEDED`."""
MODULES = Path("/usr/lib/uml/modules")
_NEEDED = ("loop", "vfat", "nls_cp437", "nls_iso8859-1", "nls_utf8", "nls_ascii")
_MARK = "found: "
_PATIENCE_S = 900.0

_INIT = """\
#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp/home PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t devtmpfs dev /dev 2>/dev/null  # some kernels have mounted it
ln -s /proc/self/fd /dev/fd
mkdir -p /tmp/home /tmp/root/lib
ln -s {modules} /tmp/root/lib/modules
modprobe -d /tmp/root -a {needed}
cd {repository} && {command}
halt -f
"""


def missing() -> str | None:
    """What this machine lacks for it, None if nothing."""
    if lacking := [name for name in (PROGRAM, "modprobe", "losetup", "mkfs.vfat") if shutil.which(name) is None]:
        return f"not installed: {', '.join(lacking)}"
    return None if MODULES.is_dir() else f"{MODULES} is not there"


def ask(module: str, *arguments: str) -> Any:
    """Run one of our modules there, which calls `answer`; what that was given. Raises RuntimeError without one."""
    command = shlex.join([sys.executable, "-m", module, *arguments])
    script = _INIT.format(
        modules=MODULES, needed=" ".join(_NEEDED), repository=shlex.quote(str(REPOSITORY)), command=command
    )
    # Not in the temporary folder of the machine, which is another one there.
    with tempfile.TemporaryDirectory(prefix="user-mode-", dir=REPOSITORY / ".cache") as folder:
        init = Path(folder, "init")
        init.write_text(script, encoding="utf-8")
        init.chmod(0o755)
        console = ("con=null", "con0=null,fd:1", "quiet")
        done = subprocess.run(
            [PROGRAM, "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "mem=1G", f"init={init}", *console],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    told = [line.partition(_MARK)[2] for line in done.stdout.splitlines() if _MARK in line]
    if not told:
        raise RuntimeError(f"no answer from user-mode-linux:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(told[-1])


def answer(found: Any) -> None:
    """Say it, as JSON, to who asked from outside: the console is all that both see."""
    print(f"\n{_MARK}{json.dumps(found)}", flush=True)
