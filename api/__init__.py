"""The HTTP side: two hosted APIs' wire formats on Flask, one file a dialect. Never loads torch or an engine.

lipsync_studio.py      /api/v1/lipsync-image, -video, /api/v1/jobs/{id}
lipsync_dev.py         /api/v1/lipsync/submit, /api/v1/lipsync/status/{jobId}
lipsync_dev_async.py   /api/async/lipsync, /api/getAsyncResult
jobs.py events.py      /api/v1/jobs: list, cancel, retry, delete, server-sent events
deliveries.py          webhooks: the log of their attempts, lists of them, and sending them again
webhooks.py            their secret and its rotation, disabled endpoints, test events
batches.py             /api/v1/batches
catalogue.py           /api/v1/errors
uploads.py files.py    bytes in, bytes out
health.py              /healthz, /readyz
"""
