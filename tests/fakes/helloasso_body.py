"""What HelloAsso accepts as the body of a checkout."""

import json
import re

METADATA = 20_000  # characters


def wrong_fields(body):
    """Of an InitCheckoutBody, in words."""
    required = ["totalAmount", "initialAmount", "itemName", "backUrl", "errorUrl", "returnUrl"]
    wrong = [f"{name} est obligatoire" for name in [*required, "containsDonation"] if name not in body]
    if wrong:
        return wrong
    terms, payer = body.get("terms", []), body.get("payer", {})
    later = sum(term["amount"] for term in terms)
    is_bool = isinstance(body["containsDonation"], bool)
    rules = {
        "totalAmount doit être un entier de centimes": type(body["totalAmount"]) is int,
        "totalAmount doit valoir initialAmount plus les échéances": body["totalAmount"]
        == body["initialAmount"] + later,
        "Le montant minimum est de 0,50 €": isinstance(body["totalAmount"], int)
        and body["totalAmount"] >= 50,
        "itemName doit compter de 1 à 250 caractères": 1 <= len(body["itemName"]) <= 250,
        "containsDonation doit être un booléen": is_bool,
        "metadata compte plus de 20 000 caractères": len(json.dumps(body.get("metadata"))) <= METADATA,
        "country doit compter trois lettres": re.fullmatch("[A-Z]{3}", payer.get("country", "FRA")),
        "payer a un champ trop long": all(len(value) <= 255 for value in payer.values()),
    }
    wrong = [words for words, is_kept in rules.items() if not is_kept]
    urls = [body[name] for name in required[3:]]
    if not all(re.match(r"https://|http://(localhost|127\.0\.0\.1)[:/]", url) for url in urls):
        wrong.append("Les adresses doivent commencer par https://")
    names = [payer[name] for name in ("firstName", "lastName") if name in payer]
    if not all(is_plausible(name) for name in names) or (len(names) == 2 and names[0] == names[1]):
        wrong.append("Le nom ou le prénom n’est pas accepté")
    return wrong


def is_plausible(name):
    """The filter of HelloAsso's own WooCommerce plugin."""
    return bool(
        re.fullmatch("[a-zA-Z]+", name)
        and re.search("[aeiouy]", name.lower())
        and not re.search(r"(.)\1\1", name.lower())
        and name.lower()
        not in {"firstname", "lastname", "unknown", "anonyme", "user", "admin", "name"}
        | {"first_name", "last_name", "nom", "prénom", "test"}
    )
