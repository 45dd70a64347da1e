"""What outlives a process: records in SQLite, files as blobs, links and secrets. Knows no Flask, no Temporal."""
