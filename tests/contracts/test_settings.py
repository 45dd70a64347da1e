"""Settings: defaults, units, and every fault reported at once."""

import ipaddress
from pathlib import Path

import pytest

from contracts.settings import PREFIX, Secret, Settings, SettingsError

pytestmark = pytest.mark.unit

#: 32 bytes each.
KEY, OTHER = "A" * 43 + "=", "B" * 42 + "A="


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_env({})

    assert settings.engine == "articulate"
    assert settings.fetch_allow.networks == ()
    assert settings.data_dir.is_absolute()


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"MOUTHPIECE_SEGMENT_S": "no", "MOUTHPIECE_LINK_TTL_S": "-3", "MOUTHPIECE_DEVICE": "tpu"})

    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "MOUTHPIECE_DEVICE",
        "MOUTHPIECE_SEGMENT_S",
        "MOUTHPIECE_LINK_TTL_S",
    ]


def test_a_misspelt_name_is_a_fault() -> None:
    with pytest.raises(SettingsError, match="MOUTHPIECE_SEGMENTS: no such setting"):
        Settings.from_env({"MOUTHPIECE_SEGMENTS": "4"})


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("LOG_LEVEL", "loud", "must be DEBUG"),
        # Longer than the steps that they are part of may take.
        ("WEBHOOK_TIMEOUT_S", "31", "must be at most 30"),
        ("FETCH_TIMEOUT_S", "900", "must be at most 840"),
        ("FETCH_TIMEOUT_S", "nan", "must be a number above 0"),
        ("PAYLOAD_KEYS", f"{KEY},c2hvcnQ=", "key 2 must be 32 bytes in base64"),
        ("PAYLOAD_KEYS", "not base64", "key 1 must be 32 bytes in base64"),
    ],
)
def test_a_value_that_cannot_work_is_a_fault(name: str, value: str, cause: str) -> None:
    with pytest.raises(SettingsError, match=f"MOUTHPIECE_{name}: {cause}"):
        Settings.from_env({f"MOUTHPIECE_{name}": value})


def test_the_allow_list_takes_networks_and_hosts() -> None:
    allowed = Settings.from_env({"MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8, ::1 ,Minio.internal"}).fetch_allow

    assert allowed.networks == (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert allowed.hosts == ("minio.internal",)


def test_keys_of_payloads_are_several_and_never_shown() -> None:
    settings = Settings.from_env({"MOUTHPIECE_PAYLOAD_KEYS": f" {KEY}, {OTHER},"})

    assert settings.payload_keys == f"{KEY},{OTHER}"
    assert KEY not in repr(settings)


def test_a_broken_network_is_a_fault() -> None:
    with pytest.raises(SettingsError, match=r"10\.0\.0\.0/99"):
        Settings.from_env({"MOUTHPIECE_FETCH_ALLOW": "10.0.0.0/99"})


def test_a_secret_never_shows_itself() -> None:
    settings = Settings.from_env({"MOUTHPIECE_SECRET": "hush"})

    assert "hush" not in repr(settings)
    assert settings.secret == Secret("hush")


def test_every_default_parses_to_the_value_of_an_unset_field(tmp_path: Path) -> None:
    spelled_out = {PREFIX + name.upper(): default for name, default, _parse, _help in Settings.table()}

    assert Settings.from_env(spelled_out) == Settings.from_env({})
