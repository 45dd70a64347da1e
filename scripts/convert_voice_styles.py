"""Convert the styles of Kokoro's voices, one table of 510 x 256 numbers each, to a small safetensors file.

A voice's style for speech of n phonemes is row n - 1 of its table. The tables are smooth: the eight strongest
components give them back to a thousandth. Take the tables from the npm package that carries them:

    npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz
    python -m scripts.convert_voice_styles package/voices engines/voices/weights/styles.safetensors

The same tables give the same file, up to the last digits of a number.
"""

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from engines.voices.kokoro import STYLE_SIZE, STYLES

_RANK = 8
_MOST_ERROR = 5e-3


@click.command()
@click.argument("tables", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("target", type=click.Path(path_type=Path))
def main(tables: Path, target: Path) -> None:
    """Write the styles of the built-in voices from the folder TABLES to TARGET."""
    tensors: dict[str, NDArray[np.generic]] = {}
    for style in STYLES.values():
        lengths, basis = _factors(np.fromfile(tables / f"{style}.bin", np.float32).reshape(-1, STYLE_SIZE))
        tensors |= {f"{style}.lengths": lengths, f"{style}.basis": basis}
    save_file(tensors, target)


def _factors(table: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factors (rows, 8) and (8, 256) whose product is the table.

    Raises:
        ClickException: when they do not give it back closely enough.
    """
    left, strength, right = np.linalg.svd(table.astype(np.float64), full_matrices=False)
    lengths = np.ascontiguousarray(left[:, :_RANK] * strength[:_RANK], np.float32)
    basis = np.ascontiguousarray(right[:_RANK], np.float32)
    error = float(np.abs(lengths @ basis - table).max())
    if error > _MOST_ERROR:
        raise click.ClickException(f"{_RANK} components miss the table by up to {error:.4f}")
    return lengths, basis


if __name__ == "__main__":
    main()
