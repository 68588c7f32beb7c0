"""Media: packets and samples of one call, as machines and values that do no I/O."""
