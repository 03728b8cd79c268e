"""What demo events are about: themes, subjects, and the titles made of them."""

from typing import NamedTuple

from events.models import Event, Level

THEMES = {
    "sante": "Santé",
    "langue": "Langue et texte",
    "image": "Image et vision",
    "eau-climat": "Eau et climat",
    "agriculture": "Agriculture",
    "industrie": "Industrie et robotique",
    "droit-ethique": "Droit et éthique",
    "education": "Éducation",
    "donnees": "Données et calcul",
    "culture": "Culture et patrimoine",
    "service-public": "Service public",
    "bases": "Bases de l'IA",
}


class Subject(NamedTuple):
    theme: str
    name: str
    question: str


SUBJECTS = [
    Subject(
        "sante", "l'aide au diagnostic", "Que voit une machine qu'un médecin ne voit pas, et l'inverse ?"
    ),
    Subject("sante", "la lecture des images médicales", "Qui signe quand l'algorithme a proposé ?"),
    Subject("sante", "les entrepôts de données de santé", "Comment partager sans exposer personne ?"),
    Subject("sante", "la recherche de médicaments", "Où l'apprentissage fait-il vraiment gagner du temps ?"),
    Subject("langue", "les grands modèles de langue", "Pourquoi se trompent-ils avec tant d'assurance ?"),
    Subject("langue", "la traduction automatique", "Que devient une nuance quand on la traduit mille fois ?"),
    Subject("langue", "l'écriture assistée", "Comment garder sa voix quand la machine propose la phrase ?"),
    Subject("langue", "la recherche documentaire", "Comment faire citer ses sources à un assistant ?"),
    Subject("image", "la vision par ordinateur", "Comment une machine apprend-elle à reconnaître un pin ?"),
    Subject("image", "les images générées", "Comment savoir d'où vient une image ?"),
    Subject("image", "la télédétection", "Que racontent vingt ans d'images du même littoral ?"),
    Subject("eau-climat", "la prévision des crues", "Combien d'heures d'avance peut-on gagner ?"),
    Subject("eau-climat", "la gestion de l'eau", "Que mesurer quand chaque mètre cube compte ?"),
    Subject("eau-climat", "l'empreinte du calcul", "Que coûte une requête, et qui le paie ?"),
    Subject("agriculture", "la vigne et les capteurs", "Quand l'irrigation se décide-t-elle par modèle ?"),
    Subject("agriculture", "la santé des plantes", "Une photo suffit-elle à nommer une maladie ?"),
    Subject("agriculture", "l'élevage de précision", "Que gagne l'animal à être mieux observé ?"),
    Subject(
        "industrie", "la maintenance prédictive", "Réparer avant la panne : à partir de quelles données ?"
    ),
    Subject("industrie", "la robotique de service", "Quelle place laisser au geste humain ?"),
    Subject("industrie", "le contrôle qualité", "Que faire des défauts que l'on n'a jamais vus ?"),
    Subject(
        "droit-ethique", "le règlement européen sur l'IA", "Qu'est-ce qui change pour une petite équipe ?"
    ),
    Subject(
        "droit-ethique", "les biais des algorithmes", "Peut-on corriger un biais sans en créer un autre ?"
    ),
    Subject("droit-ethique", "le droit d'auteur", "À qui appartient ce qu'une machine a appris ?"),
    Subject("droit-ethique", "la vie privée", "Que sait de nous un modèle qui ne nous connaît pas ?"),
    Subject("education", "l'IA à l'école", "Que faut-il continuer d'apprendre par cœur ?"),
    Subject("education", "les tuteurs numériques", "Un tuteur toujours disponible rend-il plus autonome ?"),
    Subject(
        "education", "l'évaluation à l'heure de l'IA", "Comment évaluer ce que l'on ne peut plus surveiller ?"
    ),
    Subject("donnees", "les données ouvertes", "Qui s'en sert, et pour quoi faire ?"),
    Subject("donnees", "le calcul intensif", "Quand un ordinateur portable suffit-il ?"),
    Subject("donnees", "la qualité des données", "Pourquoi le nettoyage prend-il tout le temps ?"),
    Subject("donnees", "les graphes de connaissances", "Que gagne-t-on à relier plutôt qu'à empiler ?"),
    Subject("culture", "les archives et l'IA", "Lire dix siècles d'écritures : à quelle vitesse ?"),
    Subject("culture", "la musique générée", "Qu'est-ce qu'une œuvre sans interprète ?"),
    Subject("culture", "le patrimoine en trois dimensions", "Que restaurer quand tout peut être simulé ?"),
    Subject("service-public", "l'IA au guichet", "Comment aider sans éloigner ?"),
    Subject("service-public", "la mobilité", "Un feu rouge peut-il apprendre ?"),
    Subject(
        "service-public", "l'accessibilité numérique", "Quand la machine décrit, pour qui décrit-elle bien ?"
    ),
    Subject("bases", "l'apprentissage automatique", "Que veut dire apprendre, pour une machine ?"),
    Subject("bases", "les réseaux de neurones", "Qu'y a-t-il dans la boîte que l'on dit noire ?"),
    Subject("bases", "l'histoire de l'IA", "Pourquoi tant d'hivers, et tant de printemps ?"),
]

TITLES: dict[str, list[str]] = {
    Event.Kind.CONFERENCE: [
        "{S} : ce que l'on sait, ce que l'on cherche",
        "{S} en une heure",
        "Comprendre {s}",
        "{S}, entre promesses et limites",
        "Où en est-on ? {S} aujourd'hui",
    ],
    Event.Kind.MEETUP: [
        "Rencontre : {s}, et un verre",
        "{S} : retours d'expérience",
        "Rendez-vous de l'IA : {s}",
        "On en parle : {s}",
    ],
    Event.Kind.WORKSHOP: [
        "Atelier : {s}, pas à pas",
        "Essayer par soi-même : {s}",
        "{S} : un après-midi pour pratiquer",
        "Atelier : {s}, exemples en main",
    ],
    Event.Kind.DEBATE: [
        "{S} : faut-il ralentir ?",
        "Débat citoyen : {s}",
        "{S} : qui décide ?",
    ],
    Event.Kind.SEMINAR: [
        "Séminaire : {s}, résultats récents",
        "{S} : lecture d'articles",
        "Séminaire des doctorants : {s}",
    ],
}
LONG_TITLE = (
    "{S} : trois regards croisés, une démonstration commentée et une discussion ouverte à toutes et à tous, "
    "sans prérequis ni jargon"
)

OPENINGS: dict[str, str] = {
    Event.Kind.CONFERENCE: "Une conférence pour poser les mots justes, suivie d'une demi-heure de questions.",
    Event.Kind.MEETUP: "Trois présentations courtes, puis du temps pour faire connaissance.",
    Event.Kind.WORKSHOP: "On apporte son ordinateur, ou l'on s'en fait prêter un, et l'on essaie.",
    Event.Kind.DEBATE: "Un exposé de cadrage, deux points de vue opposés, puis la parole à la salle.",
    Event.Kind.SEMINAR: "Une séance de travail entre personnes du domaine, ouverte aux curieux avertis.",
    Event.Kind.TRAINING: "Une session en petit groupe, avec des exercices sur des cas préparés.",
}

PROGRAMMES: dict[str, list[str]] = {
    Event.Kind.CONFERENCE: ["Accueil", "Exposé", "Questions de la salle", "Verre de l’amitié"],
    Event.Kind.MEETUP: ["Accueil", "Trois retours d’expérience de dix minutes", "Échanges libres"],
    Event.Kind.WORKSHOP: ["Tour de table", "Prise en main", "Exercice en binôme", "Mise en commun"],
    Event.Kind.DEBATE: ["Cadrage", "Deux points de vue", "Débat avec la salle", "Ce que l’on retient"],
    Event.Kind.SEMINAR: ["Exposé long", "Discussion", "Annonces"],
    Event.Kind.TRAINING: [
        "Accueil et attentes",
        "Apports et démonstrations",
        "Exercices",
        "Bilan de la journée",
    ],
}

AUDIENCES = {
    "chercheurs": "Chercheurs",
    "collectivites": "Collectivités",
    "entreprises": "Entreprises",
    "etudiants": "Étudiants",
    "tous": "Tout public",
}
AUDIENCE_NOTES: dict[str, str] = {
    "tous": "Ouvert à toutes et à tous.",
    "etudiants": "Pensé pour les étudiants, de toutes les filières.",
    "chercheurs": "Pensé pour les personnes qui cherchent, doctorat compris.",
    "entreprises": "Les exemples viennent de petites et moyennes entreprises.",
    "collectivites": "Les exemples viennent de communes et d'établissements publics.",
}

LEVEL_NOTES: dict[str, str] = {
    Level.BEGINNER: "Aucune connaissance n'est attendue : on part de zéro.",
    Level.INTERMEDIATE: "Mieux vaut avoir déjà essayé quelques outils par soi-même.",
    Level.EXPERT: "On y suppose connues les bases de l'apprentissage statistique.",
}

NOTICE = (
    "*Ceci est un événement de démonstration : le sujet est plausible, le lieu et les personnes "
    "sont imaginaires.*"
)


def title(pattern: str, subject: Subject) -> str:
    return pattern.format(s=subject.name, S=subject.name[0].upper() + subject.name[1:])


def description(kind: str, audiences: list[str], level: str) -> str:
    return "\n\n".join(
        [
            OPENINGS[kind],
            " ".join([*(AUDIENCE_NOTES[audience] for audience in audiences), LEVEL_NOTES[level]]),
            NOTICE,
        ]
    )
