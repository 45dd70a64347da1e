"""What an operator or a developer types: the `mouthpiece` command, its parts, and the shell scripts beside them."""
