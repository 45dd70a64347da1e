"""The steps' bodies, run by workers. Each may run twice, anywhere: what it leaves behind is the same, or nothing."""
