"""The handset's firmware: pure machines, and the runtime that joins them to the world."""
