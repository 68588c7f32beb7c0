"""Two whole handsets that call each other through two proxies, their sound as packets."""
