"""The Celery application: its queues are the lanes, its messages only doorbells. The engine is `pilar.backplane.engine`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pilar.settings")

app = Celery("pilar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["pilar.backplane"])
