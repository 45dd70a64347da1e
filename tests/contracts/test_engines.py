import pytest

from contracts.engines import Capabilities, EngineInfo, EngineState, Need, read_states, write_states

pytestmark = pytest.mark.unit

NEED = Need(what="the generator", paths=("*.pth", "*.pt"), licence="MIT", source="its page", sha256=("ab",))
INFO = EngineInfo(name="one", summary="Does.", licence="MIT", capabilities=Capabilities(seed=True), needs=(NEED,))


def test_states_are_read_as_they_were_written() -> None:
    states = (EngineState(name="one", info=INFO), EngineState(name="two", fault="is broken", remedy="Mend it."))

    assert read_states(write_states(states)) == states


def test_what_a_later_release_adds_is_left_out() -> None:
    text = write_states([EngineState(name="one")]).replace('"name"', '"colour": "red", "name"')

    assert read_states(text) == (EngineState(name="one"),)


@pytest.mark.parametrize("text", ["", "{", "1", '[{"info": 3}]', '["one"]'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own or ours
        read_states(text)
