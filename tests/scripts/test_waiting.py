from collections.abc import Iterator

import pytest

from contracts.errors import Unavailable
from contracts.settings import Secret
from scripts.api_client import ApiClient, Sent
from scripts.waiting import until_over
from tests.scripts.fake_service import FakeService, fake_service

pytestmark = pytest.mark.unit

SENT = Sent(reference="1", path="/api/v1/jobs/1")
DONE: dict[str, object] = {"status": "completed", "output": "http://x/out.mp4"}


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as service:
        yield service


@pytest.fixture
def client(service: FakeService) -> ApiClient:
    return ApiClient(service.url, Secret("key"))


def test_a_service_that_is_away_for_a_while_is_asked_again(service: FakeService, client: ApiClient) -> None:
    service.jobs = [None, {"status": "processing"}, None, None, DONE]

    standing = until_over(client, SENT, every_s=0.01)

    assert standing.output == DONE["output"]
    assert service.asked == 5


def test_a_service_that_stays_away_is_given_up_on(service: FakeService, client: ApiClient) -> None:
    service.jobs = [None]

    with pytest.raises(Unavailable, match="the job queue cannot be reached"):
        until_over(client, SENT, every_s=0.01, away_s=0.1)


def test_a_job_that_takes_too_long_is_given_up_on(client: ApiClient) -> None:
    with pytest.raises(Unavailable, match=r"job 1 has not ended within 0.1 s"):
        until_over(client, SENT, every_s=0.01, at_most_s=0.1)
