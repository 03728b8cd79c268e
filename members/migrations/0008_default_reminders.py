from django.db import migrations

# days, subject, text: true on whatever day a late run sends them
RULES = [
    (
        -30,
        "Votre adhésion se termine le {fin}",
        "Bonjour {nom},\n\n"
        "Le dernier jour de votre adhésion «\u00a0{formule}\u00a0» est le {fin}. Vous pouvez la renouveler dès "
        "maintenant sans perdre un jour\u00a0: la suite commence le lendemain.\n\n"
        "Renouveler mon adhésion\u00a0:\n{lien}\n\n"
        "Ce lien est le vôtre\u00a0: il suffit, sans mot de passe, pendant soixante jours.",
    ),
    (
        -7,
        "Votre adhésion se termine le {fin}",
        "Bonjour {nom},\n\n"
        "Le dernier jour de votre adhésion «\u00a0{formule}\u00a0» approche\u00a0: c’est le {fin}. Renouvelée d’ici là, elle se "
        "poursuit sans interruption, et votre voix à l’assemblée aussi.\n\n"
        "Renouveler mon adhésion\u00a0:\n{lien}",
    ),
    (
        0,
        "Dernier jour de votre adhésion\u00a0: le {fin}",
        "Bonjour {nom},\n\n"
        "Le dernier jour de votre adhésion «\u00a0{formule}\u00a0» est le {fin}. Si vous souhaitez rester parmi nous, quelques "
        "minutes suffisent.\n\n"
        "Renouveler mon adhésion\u00a0:\n{lien}",
    ),
    (
        15,
        "Votre adhésion a pris fin le {fin}",
        "Bonjour {nom},\n\n"
        "Votre adhésion «\u00a0{formule}\u00a0» a pris fin le {fin}, il y a {jours}. Il est encore temps de la renouveler, si "
        "vous le souhaitez.\n\n"
        "Renouveler mon adhésion\u00a0:\n{lien}",
    ),
    (
        30,
        "Votre adhésion a pris fin le {fin}\u00a0: dernier rappel",
        "Bonjour {nom},\n\n"
        "Votre adhésion «\u00a0{formule}\u00a0» a pris fin le {fin}. C’est notre dernier rappel\u00a0: sans nouvelles de votre "
        "part, nous ne vous écrirons plus à ce sujet. Notre porte vous reste ouverte.\n\n"
        "Renouveler mon adhésion\u00a0:\n{lien}",
    ),
]


def create_rules(apps, schema_editor):
    rules = apps.get_model("members", "ReminderRule").objects
    for days, subject, text in RULES:
        rules.create(days=days, subject=subject, text=text)


class Migration(migrations.Migration):
    dependencies = [("members", "0007_reminder_rules")]
    operations = [migrations.RunPython(create_rules, migrations.RunPython.noop)]
