"""What `flash.sh` leaves to Python: it judges cards and images, compares, and writes the last part.

A card becomes one in a fixed order. First its head, where the partition table lies, is overwritten
by a mark: from here on nothing takes the card for good, whatever happens. Then all blocks but the
head are written and compared, the site's settings are put in, and the head comes last. The standard
library is enough for all of it, so that it runs by whatever Python a Debian machine has.
"""
