"""The parts of `scripts.bench_quality`: the clips, what drives the engine, what is measured, what is shown."""
