"""What an API key may do, as a set of scopes."""

from enum import StrEnum


class Scope(StrEnum):
    """Something that a key may do, with what is its own; no scope holds another."""

    #: Make jobs, batches, inspections and uploads; cancel, retry and delete jobs; see to webhooks.
    SUBMIT = "submit"
    #: See jobs, webhooks, batches, inspections, usage and voices.
    READ = "read"
    #: Make, list, change and revoke keys.
    ADMIN = "admin"


#: What a key may do unless told otherwise.
USUAL = frozenset({Scope.SUBMIT, Scope.READ})
EVERY = frozenset(Scope)


def in_order(scopes: frozenset[Scope]) -> list[Scope]:
    """List scopes in the order in which they are always shown."""
    return [scope for scope in Scope if scope in scopes]
