"""The phone against software that others wrote: Kamailio as its proxy, baresip at the far end."""
