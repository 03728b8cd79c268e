from django.db import migrations
from django.utils.text import slugify

NAMES = [
    "Apprentissage automatique",
    "Apprentissage profond",
    "Science des données",
    "Statistique et mathématiques",
    "Traitement du langage",
    "Modèles de langage et agents",
    "Vision par ordinateur",
    "Parole et son",
    "Données géographiques",
    "Robotique et systèmes embarqués",
    "Optimisation et aide à la décision",
    "Ingénierie des données",
    "Mise en service des modèles",
    "Sécurité des systèmes",
    "Protection des données",
    "Éthique et droit",
    "Sobriété numérique",
    "IA et santé",
    "IA et agriculture",
    "IA et environnement",
    "IA et éducation",
    "IA et industrie",
    "IA et culture",
    "Formation et médiation",
    "Conduite de projet",
]


def create_skills(apps, schema_editor):
    """To start with: the staff rename, add and remove."""
    Skill = apps.get_model("members", "Skill")
    Skill.objects.bulk_create(
        Skill(name=name, slug=slugify(name), position=position) for position, name in enumerate(NAMES, 1)
    )


class Migration(migrations.Migration):
    dependencies = [("members", "0011_directory_and_consents")]

    operations = [migrations.RunPython(create_skills, migrations.RunPython.noop)]
