"""Doors of hardening: what browsers refused to run, and who changed what."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from prometheus_client import Counter
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import PUBLIC, Access, RuleView, WorkspaceView
from pilar.api.json import storable
from pilar.api.pagination import ByCursor
from pilar.backplane.models import AuditLog
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.security import reports
from pilar.security.models import CspReport

VIOLATIONS = Counter("pilar_csp_violations", "Reports of blocked content", ["directive"])


class AuditShown(serializers.ModelSerializer[AuditLog]):
    """One change, masked when it was written; part of a hash chain."""

    class Meta:
        model = AuditLog
        fields = (
            "id", "actor", "action", "object_type", "object_id", "before", "after", "origin", "correlation_id", "at",
        )  # fmt: skip


class Audit(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.OWNER)}

    @extend_schema(
        operation_id="listAudit",
        parameters=[OpenApiParameter("objectType", str), OpenApiParameter("objectId", str)],
        responses=AuditShown(many=True),
    )
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """List who changed what in the workspace, newest first."""
        names = {"objectType": "object_type", "objectId": "object_id"}
        given = request.query_params
        wanted = {field: storable(given[name]) for name, field in names.items() if name in given}
        page = ByCursor()
        rows = page.paginate_queryset(AuditLog.objects.filter(**wanted), request, self)
        return page.get_paginated_response(AuditShown(rows, many=True).data)


class _Raw(BaseParser):
    """Leaves the body as it is: browsers send reports under types of their own."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


class ReportShown(serializers.ModelSerializer[CspReport]):
    class Meta:
        model = CspReport
        fields = ("id", "directive", "document", "blocked", "count", "first_seen", "last_seen")


class CspReports(RuleView):
    """Browsers report without a credential; only operators of the platform read."""

    access: ClassVar = {"GET": Access(Role.OPERATOR), "POST": PUBLIC}
    throttles: ClassVar = {"POST": "csp:120/minute"}
    parser_classes = (_Raw,)

    @extend_schema(operation_id="listCspReports", responses=ReportShown(many=True))
    def get(self, request: Request) -> Response:
        """List what browsers blocked."""
        page = ByCursor()
        rows = page.paginate_queryset(CspReport.objects.all(), request, self)
        return page.get_paginated_response(ReportShown(rows, many=True).data)

    @extend_schema(
        operation_id="reportCsp",
        request={"application/csp-report": OpenApiTypes.OBJECT, "application/reports+json": OpenApiTypes.OBJECT},
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Take a browser's report, in the old format (`csp-report`) or the new one (a list)."""
        try:
            found = reports.parse(cast(bytes, request.data or b"{}"))
        except ValueError as error:
            raise Problem(_("This is no report of blocked content.")) from error
        for directive, _document, _blocked in found:
            VIOLATIONS.labels(directive).inc()
        reports.store(found, now=clock.now())
        return Response(status=204)
