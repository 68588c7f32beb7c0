"""The virtual handset: the parts of a phone as a web page on this machine."""
