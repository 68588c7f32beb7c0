"""The administrator's console as a machine: lines in, text out, no port and no clock."""
