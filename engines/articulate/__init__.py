"""The default engine: lips and jaw moved by geometry, the person's own teeth shown where they were seen."""

import torch

from engines.base import Engine


def load(device: torch.device) -> Engine:
    """Load the engine and its weights.

    Raises:
        WeightsMissing: when its files are absent or damaged.
    """
    from engines.articulate.engine import Articulate

    return Articulate(device)
