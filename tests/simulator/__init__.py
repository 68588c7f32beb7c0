"""A whole phone, a person, a wire and a proxy, played from one seed."""
