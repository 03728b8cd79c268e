from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("payments", "0004_write_the_books")]

    operations = [
        migrations.AlterField(
            model_name="adjustment",
            name="account",
            field=models.CharField(max_length=12, verbose_name="compte"),
        ),
        migrations.AlterField(
            model_name="chargeline",
            name="account",
            field=models.CharField(max_length=12, verbose_name="compte"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="account",
            field=models.CharField(max_length=12, verbose_name="compte"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="booked_on",
            field=models.DateField(verbose_name="écrit le"),
        ),
        migrations.AddConstraint(
            model_name='chargeline',
            constraint=models.CheckConstraint(condition=models.Q(('deductible__gte', 0), ('deductible__lte', models.F('amount'))), name='charge_line_deductible_within'),
        ),
        migrations.AddConstraint(
            model_name='chargeline',
            constraint=models.CheckConstraint(condition=models.Q(('account', ''), _negated=True), name='charge_line_has_account'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('kind', 'received')), models.Q(models.Q(('kind', 'received'), _negated=True), ('amount__lt', 0)), _connector='OR'), name='payment_sign_of_its_kind'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('account', ''), _negated=True), name='payment_has_account'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('payment', None), ('withdrawn_at', None), _connector='OR'), name='refund_made_or_withdrawn'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='adjustment_amount_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('account', ''), _negated=True), name='adjustment_has_account'),
        ),
    ]
