import pytest
from django.core.exceptions import ValidationError

from accounts.validators import validate_name


@pytest.mark.parametrize(
    "name",
    [
        "Zoé gagnez sur exemple.fr",
        "exemple.org/lot",
        "Zoé t.co/lot",
        "www.exemple",
        "https://x",
        "<b>Zoé",
        "Zoé\nDémo",
    ],
)
def test_a_name_that_a_mail_would_show_as_a_link_is_refused(name):
    with pytest.raises(ValidationError):
        validate_name(name)


@pytest.mark.parametrize(
    "name", ["Zoé Démo", "J.-P. d'Été", "M. Démo", "M.Démo", "Dr.Démo", "J.R.R. Démo", "Ng", "Zoé Démo Jr."]
)
def test_a_name_with_dots_is_a_name(name):
    validate_name(name)
