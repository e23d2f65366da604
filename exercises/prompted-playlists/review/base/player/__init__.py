"""A queue of tracks, kept from one call to the next."""
