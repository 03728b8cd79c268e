class Unreadable(Exception):
    """The file as a whole cannot be imported; the message says why, to whoever sent it."""
