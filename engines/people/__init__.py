"""People in a source: found, followed, told apart, and described as far as any engine needs. Knows no engine."""
