"""Every route of the application, to be tested one by one."""

import re
from dataclasses import dataclass

from flask import Flask

from api.blueprint import ApiBlueprint
from contracts.scopes import Scope

_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method of a path; `scope` is what a key needs for it, None where no key is needed."""

    method: str
    rule: str
    scope: Scope | None

    @property
    def name(self) -> str:
        """Write it as the documents do, the leading /api left out: "GET /v1/jobs/{job_id}"."""
        path = _ARGUMENT.sub(r"{\1}", self.rule)
        return f"{self.method} {path.removeprefix('/api')}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the parts of the path that vary."""
        return tuple(_ARGUMENT.findall(self.rule))

    def path(self, value: str) -> str:
        """The path with every part that varies set to one value."""
        return _ARGUMENT.sub(value, self.rule)


def routes(app: Flask) -> list[Route]:
    """List all routes, those with and without /api apart."""
    return [
        Route(method=method, rule=rule.rule, scope=_scope(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _scope(app: Flask, endpoint: str) -> Scope | None:
    found = app.blueprints.get(endpoint.rpartition(".")[0])
    return found.scope_of(endpoint) if isinstance(found, ApiBlueprint) else None
