"""Boards: which parts a phone is made of, and on which pins."""
