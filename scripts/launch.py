"""Runs a command in this process's place, bound to die with the process that started it (Linux; elsewhere unbound).

usage: python launch.py PARENT_PID COMMAND [ARGUMENT...]

A launcher, and not `preexec_fn`, since Python code between fork and exec is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind, check that the parent still lives, and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(sys.argv[1]):
            sys.exit(1)
    os.execvp(sys.argv[2], sys.argv[2:])  # nosec B606 # what the supervisor asks for; no shell is wanted


if __name__ == "__main__":
    main()
