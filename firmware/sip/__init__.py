"""SIP as values: bytes in, values out, and back; no state."""
