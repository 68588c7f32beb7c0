"""The lab: a private authority, small TLS exchanges with faults, and wires that misbehave."""
