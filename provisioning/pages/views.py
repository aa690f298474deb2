"""Pages of provisioning: the live page, its polled part, ordering set-up again, and Meta's pop-up."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_POST

from pilar.kernel.clock import now
from pilar.kernel.principal import Role
from pilar.providers.models import Connection
from pilar.providers.whatsapp import client
from pilar.ui.fragments import fragment
from provisioning import pipeline, report, whatsapp
from provisioning.preview import preview
from provisioning.report import RunReport
from workspaces.pages.base import workspace_page
from workspaces.pages.onboarding import wizard
from workspaces.studio import latest_profile

CELEBRATED_FOR = timedelta(minutes=5)
"""So long after its end a set-up is a reason for confetti; who comes back later finds a quiet page."""


def _shown(request: HttpRequest) -> dict[str, Any]:
    run, studio = report.latest(), request.workspace.name  # type: ignore[attr-defined]
    profile = latest_profile(request.workspace.pk)  # type: ignore[attr-defined]
    phone = preview(profile, studio=studio, number=_bought_number(run))
    if run is None:
        return {"job": None, "phone": phone}
    shown = {name: getattr(run, name) for name in RunReport.__slots__}
    theirs = sum(step.waited_seconds for step in run.steps)
    just_now = run.finished_at is not None and now() - run.finished_at < CELEBRATED_FOR
    return {
        "job": {
            **shown,
            "studio": studio,
            "their_seconds": theirs,
            "your_turn": next(
                (step for step in run.steps if step.state == "awaiting_customer" and step.action_url), None
            ),
        },
        "phone": phone,
        "celebrates": run.status == "ready" and just_now,
    }


@require_GET
@workspace_page(Role.VIEWER)
def live(request: HttpRequest) -> HttpResponse:
    """Show how far set-up is."""
    return render(request, "provisioning/live.html", _shown(request))


@require_GET
@workspace_page(Role.VIEWER)
def progress(request: HttpRequest) -> HttpResponse:
    """The part of the live page that is asked for every two seconds."""
    context = _shown(request)
    finished = context["job"] is not None and context["job"]["status"] == "ready"
    return fragment(request, "provisioning/_progress.html", context, finished=finished)


@require_POST
@workspace_page(Role.ADMIN)
def rerun(request: HttpRequest) -> HttpResponse:
    """ "Setup neu ausführen": order failed steps again, or open a new run when all is done."""
    step = request.POST.get("step", "").strip()[:60]
    if step:
        pipeline.retry(now=now(), step=step)
    else:
        pipeline.start(trigger="manual", now=now(), again=True)
        pipeline.retry(now=now())
    pipeline.wake(now=now())
    messages.success(request, _("Set-up runs again. What is in place stays as it is."))
    return redirect("provisioning:live")


def _meta_hosts() -> dict[str, list[str]]:
    """The one page on which Meta's SDK may run (docs/security.md)."""
    sdk = "/".join(settings.META_SDK_URL.split("/")[:3])
    hosts = [sdk] if settings.SANDBOX else [sdk, "https://www.facebook.com", "https://web.facebook.com"]
    policy: dict[str, Any] = dict(settings.SECURE_CSP)
    policy["connect-src"] = [CSP.SELF, *hosts, settings.WHATSAPP_API_BASE]
    policy["frame-src"] = hosts
    return policy


@require_GET
@csp_override(_meta_hosts())
@workspace_page(Role.ADMIN)
def connect_whatsapp(request: HttpRequest) -> HttpResponse:
    """Where the studio opens Meta's sign-up."""
    ready = whatsapp.is_configured()
    context = {
        "signup": {
            "app_id": settings.WHATSAPP_APP_ID,
            "config_id": settings.WHATSAPP_CONFIG_ID,
            "sdk_url": settings.META_SDK_URL,
            "graph_version": settings.WHATSAPP_API_VERSION,
            "ready": ready,
            "missing": "" if ready else _("WhatsApp is not configured on this installation."),
        },
        "number": _bought_number(report.latest()),
        "connection": _connection(client.own_connection()),
        "complete_url": "/api/provisioning/whatsapp/connect",
        "wizard": wizard(request.workspace, "whatsapp"),  # type: ignore[attr-defined]
    }
    response = render(request, "onboarding/whatsapp.html", context)
    # Meta's window tells us the outcome through `window.opener`, which the usual policy cuts off.
    response["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return response


def _connection(own: Connection | None) -> dict[str, str] | None:
    if own is None:
        return None
    names = own.identifiers
    return {
        "state": own.status,
        "number": names.get("display_phone_number", ""),
        "name": names.get("verified_name", ""),
    }


def _bought_number(run: RunReport | None) -> str:
    found = [step.result.get("number", "") for step in run.steps if step.key == "twilio_number"] if run else []
    return str(found[0]) if found else ""
