"""The order of a French list of names."""

import unicodedata


def alphabetical(name: str) -> str:
    """The key by which « Émile » comes between « Emil » and « Emilie »."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
