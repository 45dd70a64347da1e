"""The service over several hosts, each a network namespace with folders and a name of its own, and one of them cut off.

Run with `python -m scripts.hosts`.
"""
