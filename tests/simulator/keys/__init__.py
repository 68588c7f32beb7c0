"""One person at the keys of one phone, and whatever calls come and go below."""
