import django.core.validators
import payments.models.dunning
from django.db import migrations, models

# days, name, subject, text: true on whatever day a late run sends them
RULES = [
    (
        3,
        "Premier rappel",
        "Rappel\u00a0: {montant} à régler ({numero})",
        "Bonjour {nom},\n\n"
        "Sauf erreur de notre part, il reste {montant} à régler pour «\u00a0{objet}\u00a0» (référence {numero}), à échéance "
        "du {echeance}. C’est peut-être un oubli.\n\n"
        "Régler, ou voir comment\u00a0:\n{lien}",
    ),
    (
        15,
        "Deuxième rappel",
        "Deuxième rappel\u00a0: {montant} à régler ({numero})",
        "Bonjour {nom},\n\n"
        "Nous n’avons pas reçu les {montant} qui restent à régler pour «\u00a0{objet}\u00a0» (référence {numero}), depuis le "
        "{echeance}, il y a {jours}.\n\n"
        "Régler, ou voir comment\u00a0:\n{lien}\n\n"
        "Si quelque chose empêche ce règlement, dites-le-nous\u00a0: nous chercherons une solution ensemble.",
    ),
    (
        30,
        "Dernier rappel",
        "Dernier rappel\u00a0: {montant} à régler ({numero})",
        "Bonjour {nom},\n\n"
        "Malgré nos rappels, il reste {montant} à régler pour «\u00a0{objet}\u00a0» (référence {numero}), depuis le "
        "{echeance}.\n\n"
        "Régler, ou voir comment\u00a0:\n{lien}\n\n"
        "C’est notre dernier rappel automatique\u00a0: sans nouvelles de votre part, une personne du bureau vous "
        "écrira.",
    ),
]


def create_rules(apps, schema_editor):
    rules = apps.get_model("payments", "DunningRule").objects
    for days, name, subject, text in RULES:
        rules.create(days=days, name=name, subject=subject, text=text)


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0006_statement_lines'),
    ]

    operations = [
        migrations.CreateModel(
            name='DunningRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Pour l’équipe\u202f; personne d’autre ne le lit.', max_length=80, verbose_name='nom')),
                ('days', models.SmallIntegerField(error_messages={'unique': 'Il y a déjà une relance ce jour-là.'}, help_text='15\xa0: quinze jours après\u202f; −7\xa0: sept jours avant.', unique=True, validators=[django.core.validators.MinValueValidator(-365), django.core.validators.MaxValueValidator(365)], verbose_name='jours après l’échéance')),
                ('subject', models.CharField(blank=True, help_text='Vide\xa0: l’objet ordinaire.', max_length=150, validators=[payments.models.dunning.validate_placeholders], verbose_name='objet')),
                ('text', models.TextField(blank=True, help_text='Vide\xa0: le texte ordinaire. {nom} est le payeur, {numero} la référence de la somme, {objet} ce qu’elle paie, {montant} ce qui reste à régler, {echeance} le jour où c’est dû, {jours} le temps qui en sépare («\xa07 jours\xa0»), {lien} l’adresse où régler\xa0: seule sur sa ligne elle devient un bouton, et sans elle il s’ajoute à la fin.', validators=[payments.models.dunning.validate_placeholders], verbose_name='texte')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'relance d’impayé',
                'verbose_name_plural': 'relances d’impayés',
                'ordering': ['days'],
            },
        ),
        migrations.AddField(
            model_name='charge',
            name='reminded_on',
            field=models.DateField(blank=True, editable=False, null=True, verbose_name='dernière relance'),
        ),
        migrations.RunPython(create_rules, migrations.RunPython.noop),
    ]
