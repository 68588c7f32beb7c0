"""The domain and the accounts that the real proxy serves in tests."""

DOMAIN = "lab.test"

USERS = {name: f"{name}-secret" for name in ("alice", "bob", "carol", "dave", "erin", "baresip")}
"""User names and passwords."""
