"""Which face-restoration checkpoints are known, and their terms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A network that checkpoints are published of.

    Attributes:
        licence: of the checkpoints.
        source: where people get them.
    """

    licence: str
    source: str


#: By the name of the network.
PUBLISHED = {
    "GFPGAN": Published(licence="Apache-2.0", source="the releases of github.com/TencentARC/GFPGAN: GFPGANv1.4.pth"),
    "RestoreFormer": Published(
        licence="Apache-2.0", source="the releases of github.com/TencentARC/GFPGAN: RestoreFormer.pth"
    ),
    "CodeFormer": Published(
        licence="S-Lab License 1.0: no commercial use",
        source="the releases of github.com/sczhou/CodeFormer: codeformer.pth",
    ),
}
