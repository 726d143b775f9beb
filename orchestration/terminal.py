"""Makes untrusted text safe to print on a terminal."""


def printable(text: str) -> str:
    """The text on one line, with escapes in place of control and invisible characters."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
