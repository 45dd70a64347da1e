"""The vocabulary every process shares: standard library and `temporalio` definitions; no I/O but the environment."""
