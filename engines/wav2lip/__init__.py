"""Wav2Lip: the lower half of the face, drawn anew from speech by the network of a public checkpoint."""
