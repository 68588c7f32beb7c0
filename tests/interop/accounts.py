"""The domain and the accounts that the real proxy serves in tests."""

DOMAIN = "lab.test"

ROOMS = 10
"""Rooms of a house: in each a handset that may lose its proxy, and its far end."""

NAMES = ("alice", "bob", "carol", "dave", "erin", "baresip", "201", "102")
IN_ROOMS = tuple(f"{end}{room}" for room in range(ROOMS) for end in ("near", "far"))

USERS = {name: f"{name}-secret" for name in (*NAMES, *IN_ROOMS)}
"""User names and passwords."""
