from django.db import migrations

# Both sides are ranges, so that plain GiST serves without the btree_gist extension.
ADD = """
ALTER TABLE members_membership ADD CONSTRAINT membership_periods_never_overlap EXCLUDE USING gist (
    int8range(member_id, member_id, '[]') WITH &&,
    daterange(starts_on, ends_on, '[]') WITH &&
) WHERE (cancelled_at IS NULL)
"""
DROP = "ALTER TABLE members_membership DROP CONSTRAINT membership_periods_never_overlap"


def run_on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql)

    return run


class Migration(migrations.Migration):
    """SQLite has no such constraint: there the lock of `Member.add_membership` keeps the promise."""

    dependencies = [("members", "0001_initial")]

    operations = [migrations.RunPython(run_on_postgresql(ADD), run_on_postgresql(DROP), elidable=False)]
