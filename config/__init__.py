"""Configuration: the parameters, the files that set them, and the store of local settings."""
