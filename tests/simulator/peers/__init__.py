"""The simulator's second world: a link that mostly holds, and far ends that try everything."""
