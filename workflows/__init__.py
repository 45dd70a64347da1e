"""What happens in which order: deterministic code only. Knows the steps as stubs; no I/O, no clock, no randomness."""
