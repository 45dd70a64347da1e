"""Parameters of query strings that several paths share."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from marshmallow import ValidationError, fields, post_load

from api.fields import RequestSchema, Text, between

#: Longest time that a request waits for a job, in seconds.
LONGEST_WAIT_S = 60

#: Most entries on a page of a list, and how many if nothing is said.
LONGEST_PAGE, _USUAL_PAGE = 100, 20

_DIGITS = re.compile(r"[0-9]{1,9}")


class Number(fields.Integer):
    """A whole number, 0 or more, in digits."""

    default_error_messages = {"invalid": "must be a whole number"}  # noqa: RUF012

    def _validated(self, value: object) -> int:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return int(value)


class Moment(Text):
    """A time as of ISO 8601, in UTC unless it says otherwise; loads as a datetime in UTC."""

    def _deserialize(  # type: ignore[override]
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **options: object
    ) -> datetime:
        text = super()._deserialize(value, attr, data, **options)
        try:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as fault:
            raise ValidationError("must be a time like 2026-01-02T03:04:05Z") from fault


class PageQuery(RequestSchema):
    """Which page of a list."""

    limit = Number(
        load_default=_USUAL_PAGE,
        validate=between(1, LONGEST_PAGE),
        metadata={"description": f"most entries on the page, 1 to {LONGEST_PAGE}."},
    )
    cursor = Text(load_default="", metadata={"description": "next_cursor of the page before."})


class WaitQuery(RequestSchema):
    """How long to wait for a job's end before answering."""

    wait = Number(
        load_default=0,
        validate=between(0, LONGEST_WAIT_S),
        metadata={"description": f"seconds to wait for the job's end, 0 to {LONGEST_WAIT_S}."},
    )

    @post_load
    def seconds(self, query: dict[str, int], **options: object) -> int:
        """Hand on the seconds alone."""
        return query["wait"]
