"""Measurements; each prints one table that can be compared with an earlier one."""
