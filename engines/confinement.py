"""What a process gives up before it looks at a client's file."""

import resource

#: Standard streams, the file itself, and what is open for a moment beside it.
OPEN_FILES = 8


def confine(cpu_s: int, memory_bytes: int) -> None:
    """Take memory, processor time and files from this process, for good.

    Args:
        cpu_s: seconds of processor time after which it is ended by SIGXCPU.
        memory_bytes: address space; what is beyond is not to be had.
    """
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
    }
    for kind, most in limits.items():
        _, allowed = resource.getrlimit(kind)
        limit = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        # At the hard limit of time the system kills without a reason; at the one below it says that it was the time.
        resource.setrlimit(kind, (limit, allowed if kind == resource.RLIMIT_CPU else limit))
