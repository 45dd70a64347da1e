"""What the service tells of itself while it runs: metrics, log lines, traces. Knows no job's work and no HTTP route."""
