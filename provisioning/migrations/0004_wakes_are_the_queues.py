"""The queue itself knows of wakes now. The column goes with a later release: processes of the old code still write it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0003_words_of_choices")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE provisioning_provisioningstep ALTER COLUMN wakes SET DEFAULT 0",
            "ALTER TABLE provisioning_provisioningstep ALTER COLUMN wakes DROP DEFAULT",
            state_operations=[migrations.RemoveField(model_name="provisioningstep", name="wakes")],
        ),
    ]
