"""The interactive page of the API: Swagger UI from its package's own files, nothing from elsewhere."""

from http import HTTPStatus
from importlib.resources import files
from urllib.parse import urlsplit

from flask import Blueprint, Response

from api.services import services
from contracts.errors import NotFound

#: What the page loads, with its media types; the last is this module's own.
STYLES, SCRIPT, ICON, START = "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "start.js"
_KINDS = {STYLES: "text/css", SCRIPT: "text/javascript", ICON: "image/png", START: "text/javascript"}
_MAX_AGE_S = 3600

# Addresses are relative: the service may be reached under a path of another server's.
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mouthpiece API</title>
<link rel="icon" href="docs/{ICON}">
<link rel="stylesheet" href="docs/{STYLES}">
<div id="reference"></div>
<script src="docs/{SCRIPT}"></script>
<script src="docs/{START}"></script>
</html>
"""

_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""

blueprint = Blueprint("reference", __name__)


@blueprint.get("/docs")
def page() -> Response:
    """Show the OpenAPI document and send requests from it."""
    response = Response(_PAGE, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _policy(services().settings.public_url)
    return response


@blueprint.get("/docs/<name>")
def part(name: str) -> Response:
    """Serve what the page loads."""
    if name not in _KINDS:
        raise NotFound("the page has no such part")
    source = _START if name == START else (files("flask_swagger_ui") / "dist" / name).read_bytes()
    response = Response(source, status=HTTPStatus.OK, mimetype=_KINDS[name])
    response.cache_control.max_age = _MAX_AGE_S
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _policy(public_url: str) -> str:
    """Let the page load its own parts and ask this service alone; the page's library writes styles of its own."""
    service = "{0.scheme}://{0.netloc}".format(urlsplit(public_url))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            f"connect-src 'self' {service}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
