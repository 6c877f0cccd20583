"""A Celery application that sends itself one task when its worker is ready."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_ready

tracing: Any = None
if os.environ.get("TRACED"):
    from langchain_core.runnables import RunnableLambda

    import langspan

    tracing = langspan.instrument()

folder = Path.cwd() / "queue"
folder.mkdir(exist_ok=True)
app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder),
        "polling_interval": 0.05,
    },
    worker_hijack_root_logger=False,
)


@app.task
def job():
    if tracing:
        RunnableLambda(lambda value: value, name="task").invoke(1)
    print("task is done", flush=True)


@worker_ready.connect
def send(**_details):
    job.delay()
