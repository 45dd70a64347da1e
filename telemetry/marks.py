"""What the current thread or task works for: the job and the request that its log lines are marked with."""

from contextvars import ContextVar

#: "" between jobs.
current_job: ContextVar[str] = ContextVar("current_job", default="")
#: "" outside of requests.
current_request: ContextVar[str] = ContextVar("current_request", default="")
