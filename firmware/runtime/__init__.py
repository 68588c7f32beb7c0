"""The only part that owns a clock, a socket, a task or a file."""
