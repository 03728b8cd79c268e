"""Where anybody can have an address: such a domain proves nothing about an organisation."""

import re

# With any ending: yahoo.fr, yahoo.co.uk…
FAMILIES = frozenset(["aol", "gmx", "hotmail", "live", "msn", "outlook", "proton", "yahoo", "yandex", "zoho"])
PROVIDERS = frozenset(
    [
        "aliceadsl.fr",
        "bbox.fr",
        "cegetel.net",
        "club-internet.fr",
        "dartybox.com",
        "free.fr",
        "laposte.net",
        "neuf.fr",
        "numericable.fr",
        "numericable.com",
        "orange.fr",
        "sfr.fr",
        "sosh.fr",
        "tele2.fr",
        "wanadoo.fr",
        "worldonline.fr",
        "att.net",
        "bluewin.ch",
        "comcast.net",
        "cox.net",
        "mail.ru",
        "qq.com",
        "163.com",
        "126.com",
        "naver.com",
        "skynet.be",
        "t-online.de",
        "telenet.be",
        "tiscali.it",
        "libero.it",
        "verizon.net",
        "web.de",
        "cock.li",
        "disroot.org",
        "duck.com",
        "fastmail.com",
        "fastmail.fm",
        "gmail.com",
        "googlemail.com",
        "hey.com",
        "hushmail.com",
        "icloud.com",
        "inbox.com",
        "mac.com",
        "mail.com",
        "mailbox.org",
        "mailfence.com",
        "mailo.com",
        "me.com",
        "pm.me",
        "posteo.net",
        "posteo.de",
        "protonmail.ch",
        "protonmail.com",
        "rocketmail.com",
        "runbox.com",
        "startmail.com",
        "tuta.com",
        "tuta.io",
        "tutamail.com",
        "tutanota.com",
        "tutanota.de",
        "ymail.com",
        "zaclys.net",
        "zohomail.com",
        "zohomail.eu",
        "10minutemail.com",
        "guerrillamail.com",
        "mailinator.com",
        "sharklasers.com",
        "temp-mail.org",
        "yopmail.com",
        "yopmail.fr",
    ]
)
ENDING = re.compile(r"[a-z]{2,4}(\.[a-z]{2})?")


def is_public(domain: str) -> bool:
    """Also of a name under a provider's own."""
    name, _dot, ending = domain.partition(".")
    if name in FAMILIES and ENDING.fullmatch(ending):
        return True
    labels = domain.split(".")
    return any(".".join(labels[index:]) in PROVIDERS for index in range(len(labels)))
