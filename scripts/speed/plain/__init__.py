"""The plain loop: lip-sync as reference implementations do it, in our words, to measure beside it."""
