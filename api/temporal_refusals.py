"""Why a Temporal server cannot be used, in words, and what mends it, made of what the SDK says of TLS and keys."""

from contracts.errors import Unavailable

_BROKEN_OFF = (
    "the Temporal server at {} takes connections and breaks them off",
    "It may want TLS (TEMPORAL_TLS=true), or a client certificate that is in force and of its authority"
    " (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH).",
)
#: Parts of what the SDK says, with the cause and the remedy; the first that fits counts.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "UnknownIssuer",
        "the certificate of the Temporal server at {} is signed by no authority that is known here",
        "Set TEMPORAL_TLS_SERVER_CA_CERT_PATH, or server_ca_cert_path of the profile, to its authority's certificate.",
    ),
    (
        "NotValidForName",
        "the certificate of the Temporal server at {} is made for another name",
        "Set TEMPORAL_TLS_SERVER_NAME, or server_name of the profile, to a name that is in it.",
    ),
    (
        "InvalidCertificate(Expired",
        "the certificate of the Temporal server at {} has expired",
        "Renew it there; should it be in force, set this host's clock right.",
    ),
    (
        "InvalidCertificate",
        "the certificate of the Temporal server at {} is not valid",
        "The log has what is wrong with it; renew it there.",
    ),
    (
        "Unauthenticated",
        "the Temporal server at {} does not know this client",
        "Set TEMPORAL_API_KEY, or api_key of the profile, to a key that works and is of this namespace.",
    ),
    (
        "PermissionDenied",
        "the Temporal server at {} does not permit this client what it asks",
        "See that TEMPORAL_API_KEY, or the client's certificate, is of namespace TEMPORAL_NAMESPACE.",
    ),
    (
        "InvalidContentType",
        "what answers at {} does not speak TLS",
        "Leave TEMPORAL_TLS and its siblings out, or name the port that has TLS.",
    ),
    # A certificate that the server refuses shows itself as an end of the connection, at one of two moments.
    ("connection closed", *_BROKEN_OFF),
    ("transport error", *_BROKEN_OFF),
)


class Refused(Unavailable):
    """A server answers, and this client's settings or the server's certificate keep the two apart."""


def unreachable(said: str, address: str) -> Unavailable:
    """What the SDK's words about a failed connection mean.

    Args:
        said: the words.
        address: of the server.
    """
    for part, cause, remedy in _CAUSES:
        if part in said:
            return Refused(cause.format(address), remedy=remedy)
    return Unavailable(
        f"no Temporal server answers at {address}",
        remedy="Start one with mouthpiece up, name its data folder with --data, or set TEMPORAL_ADDRESS.",
    )
