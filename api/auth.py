"""Who asks, and may they: an API key in `Authorization: Bearer` or in `X-API-Key`, and its scopes."""

from flask import g, request

from api.services import services
from contracts.errors import Forbidden, Unauthorized
from contracts.scopes import Scope
from storage.keys import ApiKey

BEARER = "Authorization"
PLAIN = "X-API-Key"

_REMEDY = "Send 'Authorization: Bearer sk_...' or 'X-API-Key: sk_...' with a key made by `mouthpiece keys create`."


def authenticate() -> None:
    """Find the request's key, or refuse the request.

    Raises:
        Unauthorized: saying which header was missing, malformed, or holds a key that does not work.
    """
    header, text = _sent_key()
    key = services().records.keys.find(text)
    if key is None:
        raise Unauthorized("the key is unknown or revoked", field=header, remedy=_REMEDY)
    g.api_key = key


def require(scope: Scope) -> None:
    """Refuse the request of a key that may not do this.

    Raises:
        Forbidden: naming the scope that the key lacks.
    """
    if scope not in current_key().scopes:
        raise Forbidden(
            f"the key works, and lacks the scope {scope}",
            remedy=f"Use a key that has it: `mouthpiece keys create --scope {scope}` makes one,"
            " and an admin's PATCH /api/v1/keys/{id} changes this one.",
        )


def check_still_works() -> None:
    """Look again at the key of a request that takes long: it may have been revoked meanwhile.

    Raises:
        Unauthorized: when it was.
    """
    key = services().records.keys.get(current_key().key_id)
    if key is None or key.revoked_at:
        raise Unauthorized("the key was revoked meanwhile", remedy=_REMEDY)


def current_key() -> ApiKey:
    """Return the key that `authenticate` found."""
    key: ApiKey = g.api_key
    return key


def _sent_key() -> tuple[str, str]:
    """Return the header that holds the key, and the key; X-API-Key wins, as proxies may fill in the other."""
    plain, bearer = request.headers.get(PLAIN), request.headers.get(BEARER)
    if plain is not None:
        return PLAIN, plain.strip()
    if bearer is None:
        raise Unauthorized(f"neither an {BEARER} nor an {PLAIN} header was sent", remedy=_REMEDY)
    scheme, _, text = bearer.strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthorized("the header is not of the form 'Bearer sk_...'", field=BEARER, remedy=_REMEDY)
    return BEARER, text.strip()
