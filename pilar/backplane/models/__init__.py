"""The tables of the backplane, by what they are about."""

from pilar.backplane.models.facts import AutopilotEvent, EventDispatch, EventStream, Wait
from pilar.backplane.models.flow import LaneCount, LaneFigures, Throttle, TypeTime
from pilar.backplane.models.guards import Budget, BudgetEntry, BudgetWindow, DistributedLock, Effect
from pilar.backplane.models.records import (
    ActivityLog,
    AuditLog,
    AuditSeal,
    CacheEntry,
    DataKey,
    TenantProfile,
    WebhookReceipt,
)
from pilar.backplane.models.work import AutopilotJob, Idempotency, JobAttempt, JobHistory, Turn, WorkerProcess

__all__ = [
    "ActivityLog",
    "AuditLog",
    "AuditSeal",
    "AutopilotEvent",
    "AutopilotJob",
    "Budget",
    "BudgetEntry",
    "BudgetWindow",
    "CacheEntry",
    "DataKey",
    "DistributedLock",
    "Effect",
    "EventDispatch",
    "EventStream",
    "Idempotency",
    "JobAttempt",
    "JobHistory",
    "LaneCount",
    "LaneFigures",
    "TenantProfile",
    "Throttle",
    "Turn",
    "TypeTime",
    "Wait",
    "WebhookReceipt",
    "WorkerProcess",
]
