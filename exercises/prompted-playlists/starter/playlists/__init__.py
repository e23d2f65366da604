"""Playlists from a listener's own words.

``make_playlist("upbeat 80s for running, 45 minutes", tracks)`` is the way in.
"""

from playlists.builder import make_playlist
from playlists.catalogue import load_catalogue
from playlists.models import Track, Wish
from playlists.request import parse_request

__all__ = ["Track", "Wish", "load_catalogue", "make_playlist", "parse_request"]
