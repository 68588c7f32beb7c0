"""The persistent TLS link to the proxy."""
