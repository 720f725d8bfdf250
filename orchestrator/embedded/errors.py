"""What goes wrong around the services, told to a person."""


class EmbeddedError(Exception):
    """The message is one plain sentence which says what is wrong and what mends it."""
