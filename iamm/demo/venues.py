from typing import NamedTuple


class Venue(NamedTuple):
    """Named as the fields of an event."""

    venue: str
    address: str
    access: str
    accessibility: str


VENUES = [
    Venue(
        "Amphithéâtre de démonstration",
        "1 place de l’Exemple, 34000 Montpellier",
        "Tramway : arrêt Exemple, à 200 m.",
        "Entrée de plain-pied, places réservées en bas et en haut, boucle magnétique.",
    ),
    Venue(
        "Salle des Micocouliers (démo)",
        "12 rue des Essais, 34000 Montpellier",
        "Au premier étage, entrée par la cour.",
        "Ascenseur, toilettes adaptées au même niveau.",
    ),
    Venue(
        "Maison d’essai des associations",
        "3 avenue de la Maquette, 34070 Montpellier",
        "Au rez-de-chaussée. Stationnement pour vélos dans la cour.",
        "Accès de plain-pied, porte automatique.",
    ),
    Venue(
        "Médiathèque imaginaire",
        "8 esplanade du Prototype, 34200 Sète",
        "À dix minutes à pied de la gare.",
        "Ascenseur depuis le hall.",
    ),
    Venue(
        "Halle du Pin parasol (démo)",
        "25 quai de l’Ébauche, 34000 Montpellier",
        "Une personne vous accueille à l’entrée.",
        "Accès de plain-pied.",
    ),
    Venue(
        "Laboratoire fictif, salle Étang",
        "40 chemin du Modèle, 34090 Montpellier",
        "Badge visiteur à demander à l’accueil, prévoyez cinq minutes.",
        "Bâtiment accessible, sous-titrage à l’écran sur demande.",
    ),
    Venue(
        "Espace Garrigue (démo)",
        "2 rue du Brouillon, 34130 Mauguio",
        "Bus : arrêt Brouillon.",
        "Une marche à l’entrée : rampe sur demande, écrivez-nous.",
    ),
]
