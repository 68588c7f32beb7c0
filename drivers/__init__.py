"""Drivers: one part of the hardware each."""
