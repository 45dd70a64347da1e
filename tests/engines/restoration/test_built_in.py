import pytest

from engines.enhance import enhance_face
from engines.people.shape import oval_of
from engines.restoration.built_in import BuiltIn
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit


def test_the_built_in_enhancement_draws_what_it_always_drew() -> None:
    made = BuiltIn().enhance(picture(), points(), 0.004, 0.7)

    assert (made == enhance_face(picture(), oval_of(points()), 0.004, 0.7)).all()
