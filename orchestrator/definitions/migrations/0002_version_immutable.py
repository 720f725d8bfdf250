"""A published version is never changed, whichever way the change comes: the database itself refuses it."""

from django.db import migrations

CREATE = """
CREATE FUNCTION definitions_version_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A published version is never changed; publish a new one.' USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER definitions_version_immutable BEFORE UPDATE ON definitions_version
FOR EACH ROW EXECUTE FUNCTION definitions_version_refuse_change();
"""
DROP = """
DROP TRIGGER definitions_version_immutable ON definitions_version;
DROP FUNCTION definitions_version_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
