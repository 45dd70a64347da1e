"""What a job shows in Temporal: its search attributes, for lists and the UI, and its memo, for status replies."""

from temporalio.common import SearchAttributeKey

#: `Status` of the job.
JOB_STATUS = SearchAttributeKey.for_keyword("JobStatus")
#: `Stage` the job is in.
JOB_STAGE = SearchAttributeKey.for_keyword("JobStage")
#: Percent of the whole job, moved at each stage and segment.
JOB_PROGRESS = SearchAttributeKey.for_int("JobProgress")
#: Id of the API key the job belongs to.
JOB_KEY = SearchAttributeKey.for_keyword("JobKey")

SEARCH_ATTRIBUTES = (JOB_STATUS, JOB_STAGE, JOB_PROGRESS, JOB_KEY)

#: Memo entry holding the job's `JobView`.
MEMO_VIEW = "view"
