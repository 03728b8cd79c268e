"""The six founders as public sources describe them, to the date of each fact. `manage.py load_founders` reads this.

Data only, in the portal's own words. Once loaded, staff edit the pages in the admin: this file is not read again
for a founder that exists.
"""

from datetime import date
from typing import NamedTuple

LAUNCHED_ON = date(2025, 9, 25)

COLLEGES = {
    "fondateurs": "Fondateurs",
    "academique": "Académique",
    "economique": "Économique",
    "institutionnel": "Institutionnel",
    "citoyens": "Citoyens",
}

# What staff grant to a founder. Nobody can join with it: it is closed.
PLAN = {
    "slug": "membre-fondateur",
    "name": "Membre fondateur",
    "summary": "Pour les six organisations qui ont lancé l’association.",
    "benefits": "Un siège au collège des fondateurs",
}


class SourcedFact(NamedTuple):
    text: str
    source: str
    figure: str = ""
    dated: str = ""


class Founder(NamedTuple):
    slug: str
    name: str
    monogram: str
    role: str
    summary: str
    presentation: str
    website: str
    facts: list[SourcedFact]


FOUNDERS = [
    Founder(
        slug="universite-de-montpellier",
        name="Université de Montpellier",
        monogram="UM",
        role="enseignement et recherche",
        summary="Elle cherche, forme et calcule pour que l’IA se répande dans un cadre éthique et souverain.",
        presentation="""\
L’université porte **vIA-UM**, un projet présélectionné dans l’appel « IA Cluster » de France 2030. Son ambition : \
mettre l’intelligence artificielle à la portée du plus grand nombre, sans rien céder sur l’éthique ni sur la \
souveraineté.

Elle investit aussi dans le calcul intensif, dont la recherche et les projets d’IA ont besoin.

Avec la Métropole, elle a lancé un appel en faveur des projets d’IA de Montpellier, un an avant que l’association ne \
soit présentée.
""",
        website="https://www.umontpellier.fr",
        facts=[
            SourcedFact(
                "Le projet vIA-UM est présélectionné dans l’appel « IA Cluster » de France 2030.", "rtsfm.com"
            ),
            SourcedFact(
                "personnes ont signé l’appel de la Métropole et de l’université en faveur des projets d’IA de Montpellier.",
                "montpellier3m.fr",
                figure="Plus de 1 000",
                dated="janvier 2024",
            ),
            SourcedFact(
                "L’université tient une journée « IA et santé : la santé globale à l’ère de l’IA ».",
                "ecomnews.fr",
                dated="25 septembre 2025",
            ),
            SourcedFact("L’université est présidée par Philippe Augé.", "ecomnews.fr"),
        ],
    ),
    Founder(
        slug="chu-de-montpellier",
        name="CHU de Montpellier",
        monogram="CHU",
        role="santé",
        summary="L’hôpital cherche ce que le numérique et l’IA peuvent apporter au soin, avec ses équipes et ses données.",
        presentation="""\
**Erios** étudie les outils numériques de santé et la façon de les faire entrer à l’hôpital. Le CHU l’a créé fin 2022 \
avec l’Université de Montpellier et l’entreprise Dedalus.

**eDOL** est son entrepôt de données de santé, autorisé par la CNIL.

**Alliance Santé IA** est un projet mené dans le cadre de France 2030.
""",
        website="https://www.chu-montpellier.fr",
        facts=[
            SourcedFact(
                "professionnels travaillent au CHU.",
                "itforbusiness.fr, 21 mars 2025",
                figure="Environ 12 000",
            ),
            SourcedFact(
                "consultations dans l’année, et environ 257 000 séjours.",
                "itforbusiness.fr, 21 mars 2025",
                figure="600 000",
                dated="2023",
            ),
            SourcedFact(
                "de France 2030, sur trois ans, pour Erios.",
                "e-voltaire.fr, 27 octobre 2024",
                figure="3,3 M€",
            ),
            SourcedFact(
                "pour le projet Alliance Santé IA, dans le cadre de France 2030.",
                "dsih.fr",
                figure="14,9 M€",
            ),
            SourcedFact(
                "La CNIL autorise l’entrepôt de données de santé eDOL.",
                "chu-montpellier.fr",
                dated="2 août 2024",
            ),
            SourcedFact("L’établissement est dirigé par Anne Ferrer.", "dsih.fr"),
        ],
    ),
    Founder(
        slug="region-occitanie",
        name="Région Occitanie",
        monogram="RO",
        role="collectivité",
        summary="Elle finance la filière régionale de l’IA et la veut responsable.",
        presentation="""\
La Région a adopté à l’été 2024 une stratégie pour l’intelligence artificielle qui court jusqu’en 2028. Elle porte \
l’idée d’une IA *responsable* jusque dans son intitulé.

Une partie du budget structure la filière : les projets de recherche et développement des entreprises d’un côté, \
l’animation du secteur de l’autre, avec cent projets d’innovation en vue. Une autre fait entrer l’IA dans les projets de \
la Région.
""",
        website="https://www.laregion.fr",
        facts=[
            SourcedFact(
                "pour le plan régional en faveur de l’IA, de 2024 à 2028.",
                "midenews.com, gazette-du-midi.fr",
                figure="60 M€",
                dated="adopté le 11 juillet 2024",
            ),
            SourcedFact(
                "du plan structurent la filière : 18 M€ pour la recherche et le développement des entreprises, 4 M€ pour l’animer.",
                "midenews.com",
                figure="22 M€",
                dated="2024",
            ),
            SourcedFact(
                "du plan font entrer l’IA dans les projets de la Région.",
                "midenews.com",
                figure="10 M€",
                dated="2024",
            ),
            SourcedFact(
                "projets d’innovation visés en cinq ans.",
                "midenews.com",
                figure="100",
                dated="2024",
            ),
            SourcedFact(
                "entreprises du numérique dans la filière, et 3 500 salariés.",
                "laregion.fr",
                figure="Plus de 250",
            ),
            SourcedFact("La Région est présidée par Carole Delga.", "laregion.fr"),
        ],
    ),
    Founder(
        slug="montpellier-mediterranee-metropole",
        name="Montpellier Méditerranée Métropole",
        monogram="3M",
        role="collectivité",
        summary="Elle a consulté les habitants, puis fixé ses règles pour la donnée et l’IA. Elle finance l’association.",
        presentation="""\
La Métropole a commencé par écouter : dès novembre 2023, une convention citoyenne a fait travailler sur l’IA quarante \
habitants tirés au sort, pendant trois week-ends.

Sa stratégie pour la donnée et l’IA a suivi en octobre 2024, avec **dix lois** de la data et de l’IA. Elle forme aussi \
ses agents à l’IA générative.

Elle apporte son soutien financier à l’association.
""",
        website="https://www.montpellier3m.fr",
        facts=[
            SourcedFact("de soutien de la Métropole à l’association.", "rtsfm.com", figure="500 000 €"),
            SourcedFact(
                "agents de la Métropole ont été formés à l’IA générative.",
                "rtsfm.com",
                figure="Plus de 1 000",
            ),
            SourcedFact(
                "citoyens tirés au sort ont débattu de l’IA, trois week-ends durant.",
                "michaeldelafosse.fr, france3-regions",
                figure="40",
                dated="à partir de novembre 2023",
            ),
            SourcedFact(
                "lois de la data et de l’IA accompagnent la stratégie votée par la Métropole.",
                "banquedesterritoires.fr, data.montpellier3m.fr",
                figure="10",
                dated="octobre 2024",
            ),
            SourcedFact(
                "habitants vivent dans la Métropole.", "michaeldelafosse.fr", figure="Environ 500 000"
            ),
        ],
    ),
    Founder(
        slug="digital-113",
        name="Digital 113",
        monogram="113",
        role="entreprises du numérique",
        summary="Le cluster du numérique d’Occitanie aide ses entreprises à innover, à grandir et à recruter.",
        presentation="""\
Digital 113 est le cluster des entreprises du numérique d’Occitanie. Il est né de l’union de deux réseaux, \
DigitalPlace à Toulouse et FrenchSouth.digital à Montpellier ; son nom vient de la route nationale 113.

Ses chantiers sont l’innovation, la croissance, le recrutement et la diversité, l’international.
""",
        website="https://www.digital113.fr",
        facts=[
            SourcedFact(
                "DigitalPlace et FrenchSouth.digital s’unissent : Digital 113 est né.",
                "usine-digitale.fr, latribune.fr",
                dated="5 février 2019",
            ),
            SourcedFact(
                "entreprises et 17 000 emplois dans 13 départements, à sa naissance.",
                "touleco.fr, e-metropolitain.fr",
                figure="Environ 400",
                dated="2019",
            ),
        ],
    ),
    Founder(
        slug="french-tech-mediterranee",
        name="French Tech Méditerranée",
        monogram="FT",
        role="startups",
        summary="Elle réunit les entrepreneurs et les startups de l’Hérault, du Gard et du sud de l’Aveyron.",
        presentation="""\
French Tech Méditerranée est une association d’entrepreneurs, labellisée « Capitale French Tech ». Son territoire va \
de l’Hérault au Gard et au sud de l’Aveyron.

Elle anime sur place les programmes nationaux de la French Tech, parmi lesquels **French Tech Tremplin** et **French \
Tech Central**.
""",
        website="https://www.frenchtech-med.com",
        facts=[
            SourcedFact(
                "L’association est créée, et labellisée « Capitale French Tech ».",
                "heraultjuridique.com, latribune.fr",
                dated="4 avril 2019",
            ),
            SourcedFact(
                "startups en étaient membres.",
                "touleco.fr",
                figure="Environ 160",
                dated="novembre 2022",
            ),
        ],
    ),
]
