"""Breaks a whole service by a seeded plan, and afterwards looks whether any job was lost, doubled or spoilt.

`python -m scripts.chaos` runs it; `plan` says what is done, `strikes` does it, `audit` looks at what is left.
"""
