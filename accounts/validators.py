import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Mail programs make a link of « exemple.fr » too, and of « t.co/x »; « M.Martin » and « Dr.Martin » are names.
ADDRESS = re.compile(r"://|www\.|\w{3}\.\w\w|\w\.\w+/|[<>]", re.IGNORECASE)


def validate_name(name: str) -> None:
    """A name goes into mails to whoever's address was typed: it may not carry a link, a tag or a line break."""
    if ADDRESS.search(name) or not name.isprintable():
        raise ValidationError(_("Un nom ne contient ni adresse web, ni chevrons, ni retour à la ligne."))
