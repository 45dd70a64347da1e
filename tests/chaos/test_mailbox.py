from datetime import UTC, datetime

import pytest
import requests
from standardwebhooks import Webhook

from contracts.settings import Secret
from scripts.chaos.mailbox import Mailbox, collecting

pytestmark = pytest.mark.unit

SECRET = Secret("whsec_" + "YWJj" * 8)
BODY = '{"id": "job"}'


def _post(mailbox: Mailbox, delivery_id: str = "msg_1", signed: str = BODY) -> int:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(delivery_id, now, signed),
    }
    return requests.post(mailbox.url, data=BODY, headers=headers, timeout=10).status_code


def test_what_comes_twice_under_one_id_is_one_webhook() -> None:
    with collecting(SECRET) as mailbox:
        answers = [_post(mailbox), _post(mailbox)]

    assert answers == [200, 200]
    assert (dict(mailbox.ids), mailbox.repeated) == ({"job": {"msg_1"}}, 1)
    assert mailbox.bodies["msg_1"] == {BODY.encode()}


def test_a_wrong_signature_is_counted_and_not_taken() -> None:
    with collecting(SECRET) as mailbox:
        answer = _post(mailbox, signed="{}")

    assert (answer, mailbox.unsigned, dict(mailbox.ids)) == (401, 1, {})


def test_a_broken_mailbox_takes_nothing() -> None:
    with collecting(SECRET) as mailbox:
        mailbox.is_broken = True

        assert _post(mailbox) == 503
    assert dict(mailbox.ids) == {}
