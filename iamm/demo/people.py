"""Invented people and organisations. The same seed and index always give the same one, so nobody need be kept."""

from random import Random
from typing import NamedTuple

from django.utils.text import slugify

DOMAIN = "example.org"

FIRST_NAMES = """
Adèle Adrien Agathe Aïcha Aïssatou Alban Albane Alix Amandine Amaury Ambre Amélie Amine Anaïs Anatole André Angèle
Anne-Cécile Anne-Laure Anouk Antonin Apolline Arnaud Arthur Astrid Aubin Aude Aurélie Axelle Aymeric Bachir Baptiste
Barnabé Béatrice Bénédicte Benoît Bérénice Bilal Blandine Boris Bruno Camélia Capucine Cassandre Cécile Céleste Célia
Chantal Chloé Christelle Clélia Clémence Clément Cléo Clotilde Colette Côme Constance Coralie Corentin Cyprien Damien
Daphné Delphine Diane Dimitri Djamila Dorian Dounia Édith Édouard Églantine Élise Élodie Éloi Élouan Elsa Émeline Émile
Émilie Enzo Erwan Esteban Estelle Éva Fabien Fanny Farid Fatima Fatou Félicie Félix Fiona Flavien Flora Florent Gabin
Gaël Gaëlle Gaspard Gatien Geneviève Gisèle Grégoire Guilhem Gwénaëlle Habiba Hadrien Hakim Hélène Hermine Hippolyte
Honorine Huguette Idriss Inès Ingrid Irène Iris Ismaël Jade Jasmine Jean-Baptiste Jean-Noël Jeanne Joachim Joël Joséphine
Josette Joseph Judith Jules Juliette Justine Kamel Karim Katia Kévin Khadija Laetitia Lazare Léa Léandre Léonie Léopold
Lila Lilian Linh Lisa Loan Loïc Loïs Lola Lorenzo Lou-Anne Louise Lubin Luce Lucien Ludivine Maëlle Maëlys Magali Maïlys
Malika Malo Manon Marceau Margaux Marianne Marie-Ange Marie-Hélène Marin Marius Mathilde Mathis Maud Maxence Mehdi Mélanie
Mélissa Mireille Mohamed Moïra Morgane Mounir Nadège Naïm Nawel Nathan Nathanaël Nejma Nicolas Nina Noé Noémie Nolwenn
Octave Océane Odile Olga Ondine Ophélie Oriane Oscar Ousmane Paloma Pascale Paul-Henri Perrine Philippine Pierrick Prune
Quentin Rachid Raphaëlle Régine Rémi Romane Rosalie Roxane Sabine Sacha Salomé Samia Sandrine Saturnin Sébastien Ségolène
Séverine Sidonie Siméon Solange Soline Solveig Suzanne Sylvain Tanguy Tatiana Théa Théodore Thibault Tiphaine Titouan
Tristan Ulysse Valentin Vanessa Victoire Violaine Viviane Wassim Xavier Yaël Yannick Yasmine Yoann Youssef Yvonne Zélie Zoé
""".split()  # noqa: SIM905 - a list of quoted names would be three times as long

LAST_NAMES = """
Abadie Albert Alès Allard Amblard André Angelvin Arnal Astruc Aubert Aubrac Auriol Azéma Balard Barbe Barral Bastide Bauer Baudouin Belkacem Bénezech Benoît Bérard Besson Blanc Boissière Bonnafous Bonnefoy Bonnet Bousquet
Boutin Bouyssou Brémond Brun Cabanel Cabrol Calvet Carrière Castan Castelnau Caumes Cazals Chauvet Chevalier Clavel Colin
Combes Cordier Coste Coulet Couderc Crouzet Dardé Daudé Delmas Delpech Devaux Diallo Diaz Dubois Ducros Dumas Durand
Esparza Espinasse Estève Étienne Fabre Farges Faure Ferrand Fleury Fontaine Fournier Fraissinet Gaillard Galtier Garcia
Garnier Gauthier Gély Gervais Gibert Girard Giraud Gomez Granier Grasset Guérin Guibal Guiraud Guyot Haddad Hébrard Hernandez Huguet Imbert Jacquet Jalabert Jaume Jourdan Julien Khelifi Klein Lafont Lagarde Larguier Laurens
Lavergne Lebrun Lefèvre Legrand Lemaître Lenoir Lévêque Lopez Lucas Malaval Mallet Marcou Marin Marquès Martel Martin
Martinez Massé Maurel Mazel Meunier Milhau Molinier Monnier Morel Müller Navarro Nguyen Nicolas Nougaret Ollier Orsini Pagès Palanque Pélissier Pereira Peyre Pibarot Picard Pioch Planche Poitevin Poujol Prades
Pujol Quérol Rabaud Raynal Rebuffat Reynès Ribes Rigal Rivière Robert Rocher Roger Rouquette Roux
Sabatier Saïdi Salles Sanchez Sarda Saunier Sauvage Ségui Serre Séverac Simon Soubeyran Soulier Tardieu Teissier Terral
Thérond Thomas Tissot Touré Toulouse Tran Traoré Vabre Valette Vasseur Verdier Vernhet Viala Vidal Vigne Villaret Vincent
""".split()  # noqa: SIM905 - the same

RARE_LAST_NAMES = [
    "d'Aurelle",
    "d'Hautpont",
    "de La Bruguière",
    "de Saint-Aunès-Lavérune",
    "des Aubépines",
    "du Mas de Peyrolles",
    "Le Goff",
    "L'Hermitte",
    "Ben Youssef",
    "Da Silva Pereira",
    "El Amrani",
    "N'Diaye",
    "O'Reilly",
    "Van den Berghe",
    "Bonnafous-Castelnau",
    "Montpeyroux-Saint-Saturnin de Lucian",
    "Rasolofomanantsoa",
    "Papadimitrakopoulou",
    "Wojciechowska-Fabre",
    "Razafindrakotomanana de la Tour-Blanche",
]

ORGANISATION_KINDS = [
    "Atelier",
    "Association",
    "Bureau d'études",
    "Coopérative",
    "Laboratoire",
    "Mairie",
    "Médiathèque",
    "Société",
]
ORGANISATION_NAMES = [
    "des Garrigues",
    "de l'Étang bleu",
    "du Pin parasol",
    "des Micocouliers",
    "de la Tramontane",
    "du Mas des Cigales",
    "de la Roselière",
    "des Trois Fontaines",
    "de Saint-Exemple-le-Vieux",
    "de la Lagune",
    "du Causse",
    "des Oliviers",
]


class Person(NamedTuple):
    first_name: str
    last_name: str
    email: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


ADMIN = Person("Alix", "Démo", f"admin@{DOMAIN}")
CAMILLE = Person("Camille", "Démo", f"camille@{DOMAIN}")


def person(seed: int, index: int) -> Person:
    rng = Random(f"{seed}/person/{index}")  # noqa: S311 - demo data must come out the same again
    first = rng.choice(FIRST_NAMES)
    last = rng.choice(RARE_LAST_NAMES if rng.random() < 0.04 else LAST_NAMES)
    return Person(first, last, f"{slugify(first)}.{slugify(last)}.{index}@{DOMAIN}")


def organisation(seed: int, index: int) -> tuple[str, str]:
    """Its name and its address."""
    rng = Random(f"{seed}/organisation/{index}")  # noqa: S311 - the same
    name = f"{rng.choice(ORGANISATION_KINDS)} {rng.choice(ORGANISATION_NAMES)} (démo {index})"
    return name, f"contact.{index}@{DOMAIN}"
