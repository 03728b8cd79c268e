"""The training programmes of the demo."""

from decimal import Decimal

from events.models import Training

# slug, title, hours, price of a session, member price, summary, objectives, prerequisites, programme
TRAININGS = [
    (
        "decouvrir-l-ia",
        "Découvrir l'intelligence artificielle",
        "3.5",
        "0",
        None,
        "Une demi-journée pour comprendre ce que l'IA fait, ce qu'elle ne fait pas, et s'en servir sans crainte.",
        "- Distinguer règle, statistique et apprentissage\n- Repérer une réponse fausse\n- Choisir un usage "
        "utile pour soi",
        "Aucun.",
        "1. Ce que l'on appelle IA\n2. Essais guidés\n3. Limites, vie privée, empreinte",
    ),
    (
        "assistants-au-travail",
        "Les assistants conversationnels au travail",
        "7",
        "120",
        "90",
        "Une journée pour rédiger, résumer et chercher avec un assistant, en gardant la main et la confidentialité.",
        "- Écrire une demande claire\n- Vérifier et citer\n- Fixer des règles dans son équipe",
        "Savoir utiliser un traitement de texte.",
        "1. Comment cela marche, en bref\n2. Demander, relire, corriger\n3. Données confidentielles\n"
        "4. Une charte d'équipe",
    ),
    (
        "apprentissage-automatique-python",
        "Apprentissage automatique avec Python",
        "14",
        "280",
        "210",
        "Deux jours pour préparer des données, entraîner un modèle, le juger honnêtement et le mettre de côté.",
        "- Préparer un jeu de données\n- Entraîner et comparer trois modèles\n- Lire une matrice de confusion",
        "Écrire une boucle et une fonction en Python.",
        "| Jour | Matin | Après-midi |\n| --- | --- | --- |\n| 1 | Données | Régression, arbres |\n"
        "| 2 | Validation | Projet en binôme |",
    ),
    (
        "ia-et-droit",
        "IA, données personnelles et règlement européen",
        "7",
        "150",
        "110",
        "Une journée pour classer ses usages, tenir son registre et savoir quoi demander à un fournisseur.",
        "- Situer un usage parmi les niveaux de risque\n- Compléter un registre\n- Préparer un contrat",
        "Aucun ; venir avec un cas réel aide.",
        "1. Les textes, sans jargon\n2. Classer ses usages\n3. Atelier sur vos cas",
    ),
    (
        "vision-par-ordinateur",
        "Vision par ordinateur : de l'image à la décision",
        "14",
        "320",
        "240",
        "Deux jours pour annoter, entraîner et évaluer un modèle d'images, sur des données de démonstration.",
        "- Annoter sans biais évident\n- Réutiliser un réseau déjà entraîné\n- Mesurer ce qui compte",
        "Python courant ; avoir suivi « Apprentissage automatique avec Python » ou équivalent.",
        "1. Images et étiquettes\n2. Réseaux convolutifs\n3. Réentraîner\n4. Mettre en service",
    ),
    (
        "ia-en-collectivite",
        "L'IA dans une commune : par où commencer",
        "3.5",
        "80",
        "60",
        "Une demi-journée pour les élus et les agents : choisir un premier projet, l'acheter, en rendre compte.",
        "- Choisir un premier usage\n- Écrire le besoin\n- Informer les habitants",
        "Aucun.",
        "1. Trois exemples de communes imaginaires\n2. Acheter\n3. Rendre compte",
    ),
]


def create_trainings() -> list[tuple[Training, Decimal, Decimal | None]]:
    """The programmes, with what a session of each costs."""
    result = []
    for slug, title, hours, price, member_price, summary, objectives, prerequisites, programme in TRAININGS:
        texts = {
            "summary": summary,
            "objectives": objectives,
            "prerequisites": prerequisites,
            "programme": programme,
        }
        defaults = {"title": title, "duration_hours": Decimal(hours), "is_published": True, **texts}
        training, _ = Training.objects.get_or_create(slug=slug, defaults=defaults)
        result.append((training, Decimal(price), Decimal(member_price) if member_price else None))
    return result
