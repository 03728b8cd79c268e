from django.db import migrations

# Deleting an account empties `actor`, and nothing else of the row: that is let through.
ADD = """
CREATE FUNCTION journal_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('journal.redacting', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL
            AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'journal_entry is append-only' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry
    FOR EACH ROW EXECUTE FUNCTION journal_entry_append_only();
"""
DROP = """
DROP TRIGGER journal_entry_append_only ON journal_entry;
DROP FUNCTION journal_entry_append_only();
"""


def run_on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql, None)

    return run


class Migration(migrations.Migration):
    """Without PostgreSQL the model alone refuses: there, nobody else writes to the file of the database."""

    dependencies = [("journal", "0001_initial")]

    operations = [migrations.RunPython(run_on_postgresql(ADD), run_on_postgresql(DROP), elidable=False)]
