"""Provisioning: configuration files from a server (`provisioner.py`), and the machine of TFTP."""
