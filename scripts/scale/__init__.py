"""What `scripts.bench_scale` measures: one long video over several workers, and many short jobs at once."""
