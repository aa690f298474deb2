from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("backplane", "0009_waits")]

    operations = [
        migrations.AddField(model_name="autopilotjob", name="wake_at", field=models.DateTimeField(null=True)),
    ]
