"""The virtual handset: the same parts as fakes in a web page."""
