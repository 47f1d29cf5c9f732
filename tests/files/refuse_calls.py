"""Run a Python program in which some system calls fail: `refuse_calls.py symlink,symlinkat:EPERM program.py …`.

On Linux the kernel refuses them, by a seccomp filter that the program can't tell from a file system without links.
Elsewhere the functions of `os` that have these names are replaced.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import runpy
import struct
import sys

NUMBERS = {
    "x86_64": {
        "symlink": 88,
        "symlinkat": 266,
        "rename": 82,
        "renameat": 264,
        "renameat2": 316,
        "fchmod": 91,
        "utimensat": 280,
        "unlink": 87,
        "unlinkat": 263,
    },
    "aarch64": {"symlinkat": 36, "renameat": 38, "renameat2": 276, "fchmod": 52, "utimensat": 88, "unlinkat": 35},
}
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # instructions of the classic packet filter
ALLOW, FAIL_WITH = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Program(ctypes.Structure):
    """`struct sock_fprog` of the kernel."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def refuse_by_kernel(calls: list[str], code: int) -> None:
    """Let the kernel answer these calls with an error, in this process and all that come from it."""
    numbers = NUMBERS[platform.machine()]
    instructions = [(LOAD_NUMBER, 0, 0, 0)]
    for number in (numbers[call] for call in calls if call in numbers):
        instructions += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, FAIL_WITH | code)]
    instructions.append((RETURN, 0, 0, ALLOW))
    buffer = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in instructions))
    program = Program(len(instructions), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


def refuse_in_python(calls: list[str], code: int) -> None:
    """Replace the functions of `os` that make these calls."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    for call in calls:
        if hasattr(os, call):
            setattr(os, call, refuse)


if __name__ == "__main__":
    names, _, error = sys.argv[1].partition(":")
    refuse = refuse_by_kernel if sys.platform == "linux" else refuse_in_python
    refuse(names.split(","), getattr(errno, error))
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
