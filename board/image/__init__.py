"""The card that a handset starts from: what is on it, and how it gets there."""
