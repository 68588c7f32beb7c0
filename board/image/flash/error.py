"""Why something is not done, as a sentence for whoever stands before the machine."""

from __future__ import annotations


class FlashError(Exception):
    """Something is not done; the text is a whole sentence that says why."""
