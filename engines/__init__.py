"""Lip-sync engines: torch and pixels. Knows no Flask, Temporal, SQLite or URL."""
