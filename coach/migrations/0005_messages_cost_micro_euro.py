"""`price_cents` was never written. The column itself goes with a later release: processes of the old code still read it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("coach", "0004_preferred_weekdays")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="message", name="price_cents")]
        ),
        migrations.AddField(
            model_name="message", name="micro_euro", field=models.BigIntegerField(blank=True, null=True)
        ),
    ]
