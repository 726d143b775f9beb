"""Makes untrusted text safe to print on a terminal."""


def printable(text: str) -> str:
    """A text as a terminal may show it: what is not to be seen, or moves what is, as an escape; in one line."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
