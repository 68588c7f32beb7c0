"""Fuzzing: bytes that a coverage-guided fuzzer invents, against properties that always hold."""
