"""Text as it may come over a wire, made into text that can be stored and shown."""


def sound(text: str) -> str:
    """Replace halves of characters, which JSON can carry and UTF-8 can't.

    A vendor that cuts a name in UTF-16 leaves one behind (RFC 8259, 8.2); a pair that belongs together is joined.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
