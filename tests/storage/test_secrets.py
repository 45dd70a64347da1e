"""The server's secret and the first key."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.settings import Secret, Settings
from storage.keys import KEY_PATTERN
from storage.secrets import first_key, server_secret

pytestmark = pytest.mark.unit

READER = """
import sys
from pathlib import Path
from contracts.settings import Settings
from storage.secrets import server_secret
print(str(server_secret(Settings(data_dir=Path(sys.argv[1])))))
"""


def test_a_configured_secret_wins(tmp_path: Path) -> None:
    assert server_secret(Settings(data_dir=tmp_path, secret=Secret("given"))) == "given"
    assert not (tmp_path / "secret").exists()


def test_a_made_secret_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    made = server_secret(settings)

    assert server_secret(settings) == made
    assert len(made) == 43
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]


def test_processes_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READER, str(tmp_path / "data")]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]

    assert len({reader.communicate(timeout=60)[0] for reader in readers}) == 1


def test_the_first_key_is_the_same_at_every_start() -> None:
    assert first_key(Secret("s")) == first_key(Secret("s"))
    assert KEY_PATTERN.fullmatch(first_key(Secret("s")))


def test_another_secret_or_generation_gives_another_first_key() -> None:
    keys = {first_key(Secret("s")), first_key(Secret("t")), first_key(Secret("s"), generation=1)}

    assert len(keys) == 3
