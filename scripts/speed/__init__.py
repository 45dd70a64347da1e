"""Measuring speed and memory: `scripts.bench_render` puts it together."""
