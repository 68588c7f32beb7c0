"""The log on its way to others: its lines as values, as they are written, and their sender."""
