"""The offers of design section 6. Data, so that a price or a limit can change without a release."""

from typing import Any

from django.db import migrations

PLANS = (
    {
        "code": "BASIC",
        "name": "Basic",
        "price_cents": 9_900,
        "leads": 300,
        "messages_per_day": 200,
        "tokens_per_day": 100_000,
        "seats": 3,
        "trial_days": 14,
        "position": 1,
    },
    {
        "code": "PRO",
        "name": "Pro",
        "price_cents": 24_900,
        "leads": 2_000,
        "messages_per_day": 1_500,
        "tokens_per_day": 1_000_000,
        "seats": 15,
        "trial_days": 14,
        "position": 2,
    },
)


def offer(apps: Any, schema_editor: Any) -> None:
    plans = apps.get_model("workspaces", "Plan").objects.using(schema_editor.connection.alias)
    for plan in PLANS:
        plans.get_or_create(code=plan["code"], defaults=plan)


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]
    operations = [migrations.RunPython(offer, migrations.RunPython.noop)]
