"""MuseTalk 1.5: the lower half of the face, drawn anew from speech in one step by the networks of a public checkpoint.

Zhang et al., 2024, "MuseTalk: Real-Time High-Fidelity Video Dubbing via Spatio-Temporal Sampling", arXiv:2410.10122.
"""
