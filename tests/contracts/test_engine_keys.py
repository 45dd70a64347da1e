import pytest

from contracts.engine_keys import read_engine_keys

pytestmark = pytest.mark.unit


def test_an_engine_that_is_not_named_is_every_keys() -> None:
    keys = read_engine_keys("wav2lip=one")

    assert keys.may_use("two", "articulate")
    assert read_engine_keys("").may_use("two", "wav2lip")


def test_an_engine_that_is_named_is_for_the_keys_named_with_it() -> None:
    keys = read_engine_keys("wav2lip=one, wav2lip=two,musetalk=two")

    assert [keys.may_use(key, "wav2lip") for key in ("one", "two", "three")] == [True, True, False]
    assert not keys.may_use("one", "musetalk")


@pytest.mark.parametrize("text", ["", "musetalk=two,wav2lip=one,wav2lip=two"])
def test_it_is_shown_as_it_is_set(text: str) -> None:
    assert str(read_engine_keys(text)) == text


@pytest.mark.parametrize("text", ["wav2lip", "=one", "wav2lip=", "wav2lip=one,two"])
def test_another_form_is_refused_with_the_one_expected(text: str) -> None:
    with pytest.raises(ValueError, match="ENGINE=KEY_ID"):
        read_engine_keys(text)
