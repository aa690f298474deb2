"""Doors of the budgets: how they stand, what becomes of work over them, and the operator's exception."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import Access, RuleView, WorkspaceView
from pilar.api.serializers import Strict, checked
from pilar.backplane import budgets, tenants
from pilar.backplane.budgets import Standing
from pilar.backplane.models import Budget
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.principal import Role
from pilar.kernel.problems import NotFound, Problem

LARGEST = 10**12


class BudgetShown(serializers.Serializer[Any]):
    """Limits of null are none. While `overrideUntil` is set, `daily` is the operator's exception. Euro are counted in
    millionths (`micro_euro`), also by the month; of other resources the month is null.
    """

    resource = serializers.CharField()
    unit = serializers.CharField()
    daily = serializers.IntegerField(source="daily_limit", allow_null=True)
    daily_used = serializers.IntegerField()
    hourly = serializers.IntegerField(source="hourly_limit", allow_null=True)
    hourly_used = serializers.IntegerField()
    monthly = serializers.IntegerField(source="monthly_limit", allow_null=True)
    monthly_used = serializers.IntegerField(allow_null=True)
    month_reset_at = serializers.DateTimeField(source="month_opens_again_at", allow_null=True)
    overage_policy = serializers.CharField(source="policy")
    reset_at = serializers.DateTimeField(source="day_opens_again_at")
    override_until = serializers.DateTimeField(allow_null=True)


class ChooseBudget(Strict):
    """What becomes of work over the limit, and limits of one's own: of the hour, and where they are named of the day
    (within the plan's) and the month (null: none).
    """

    resource = serializers.CharField(max_length=40)
    overage_policy = serializers.ChoiceField(choices=Budget.Policy.choices)
    hourly = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False, allow_null=True, default=None)
    daily = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False, allow_null=True)
    monthly = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False, allow_null=True)


class OverrideBudget(Strict):
    """`daily` until `until` (31 days at most); `daily` of null ends the exception at once."""

    workspace_id = serializers.UUIDField()
    resource = serializers.CharField(max_length=40)
    daily = serializers.IntegerField(min_value=0, max_value=LARGEST, allow_null=True)
    until = serializers.DateTimeField(required=False)
    reason = serializers.CharField(max_length=200, required=False, default="")


def _known(resource: str) -> str:
    if resource not in switchboard.budget_resources:
        text = _("Choose one of: %(types)s.") % {"types": ", ".join(sorted(switchboard.budget_resources))}
        raise Problem(_("There is no such resource."), code="validation_failed", fields={"resource": text})
    return resource


def _has_months(resource: str) -> None:
    if not switchboard.budget_resources[resource].monthly:
        text = _("Only what costs money has a limit of the month.")
        raise Problem(text, code="validation_failed", fields={"monthly": text})


def _shown(resource: str) -> Response:
    found = next(one for one in budgets.status(clock.now()) if one.resource == resource)
    return Response(BudgetShown(found).data)


class Budgets(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.VIEWER, "budget:read", system=True),
        "PUT": Access(Role.ADMIN, "budget:write", system=True),
    }

    @extend_schema(operation_id="listBudgets", responses=BudgetShown(many=True))
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Tell what of each resource was used today and in this hour, what is allowed, and when the day ends."""
        found: list[Standing] = budgets.status(clock.now())
        return Response(BudgetShown(found, many=True).data)

    @extend_schema(operation_id="chooseBudget", request=ChooseBudget, responses=BudgetShown)
    def put(self, request: Request, workspace_id: UUID) -> Response:
        """Choose what becomes of work over the limit: it waits, is left out, or is done more simply."""
        wanted = checked(ChooseBudget, request.data)
        resource = _known(wanted["resource"])
        choice = budgets.Choice(policy=wanted["overage_policy"], hourly=wanted["hourly"])
        if "daily" in wanted:
            choice["own_daily"] = wanted["daily"]
        if "monthly" in wanted:
            _has_months(resource)
            choice["own_monthly"] = wanted["monthly"]
        budgets.choose(resource, actor=self.principal.actor, **choice)
        return _shown(resource)


class Override(RuleView):
    access: ClassVar = {"POST": Access(Role.OPERATOR, system=True)}
    atomic = False

    @extend_schema(operation_id="overrideBudget", request=OverrideBudget, responses=BudgetShown)
    def post(self, request: Request) -> Response:
        """Let a workspace use more (or less) of a resource for a while, whatever its plan says. It is audited."""
        wanted = checked(OverrideBudget, request.data)
        resource, actor = _known(wanted["resource"]), self.principal.actor
        with tenant(wanted["workspace_id"]), atomic():
            if not tenants.is_known():
                raise NotFound
            if wanted["daily"] is None:
                budgets.end_override(resource, actor=actor)
            else:
                self._override(resource, wanted, actor)
            return _shown(resource)

    def _override(self, resource: str, wanted: dict[str, Any], actor: str) -> None:
        now = clock.now()
        until = wanted.get("until", now + budgets.USUAL_OVERRIDE)
        budgets.override(resource, daily=wanted["daily"], until=until, actor=actor, reason=wanted["reason"], now=now)
