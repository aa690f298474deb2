"""Address and regulatory bundle of the studio: made, handed in, and waited for (providers.md 2.3, checklist T-06)."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.backplane import effects
from pilar.backplane.effects import EffectResult
from pilar.backplane.tenancy import atomic
from pilar.kernel.clock import now
from pilar.kernel.steps import Done, StepContext, StepOutcome, Waiting, WaitsFor, wait_for_customer
from pilar.providers.twilio import client, compliance
from pilar.providers.twilio.client import TwilioAccount
from pilar.providers.twilio.compliance import Bundle, File, Paper, Regulation
from provisioning import papers
from workspaces import directory, studio
from workspaces.models import StudioDocument, StudioProfile

REJECTED = "twilio-rejected"
REGISTER_NUMBER = "business_registration_number"
"""The one fact that is asked for with the address; all others stand on the studio's page."""
REVIEW_CHECK = timedelta(seconds=10)
REVIEW_CHECK_LATER = timedelta(minutes=15)
"""The status callback wakes the step; these only catch a callback that never came."""


def ensure_papers(context: StepContext) -> StepOutcome:
    account = client.own_account()
    with atomic():
        workspace = directory.get(context.workspace_id)
        profile = studio.latest_profile(context.workspace_id)
        documents = list(studio.documents())
    rule = compliance.regulation(account, country=workspace.country)
    if rule is None:
        return Done({"address_sid": _address(account, profile) if profile else "", "bundle_sid": ""})
    wait = _wait_for_studio(rule, profile, documents)
    if wait or profile is None:
        return wait or _ask_for_data([])
    return _bundle(account, context, rule, profile, documents)


def _wait_for_studio(
    rule: Regulation, profile: StudioProfile | None, documents: list[StudioDocument]
) -> Waiting | None:
    if profile is None:
        return _ask_for_data([])
    lacking_facts = papers.missing_facts(rule, profile)
    if lacking_facts:
        return _ask_for_data(lacking_facts)
    _plans, lacking_papers = papers.plan(rule, documents)
    if lacking_papers:
        reason = _("For a phone number in this country we need a paper that shows name and address of the studio.")
        return wait_for_customer("papers", reason, now=now(), action="workspaces:papers")
    return None


def _ask_for_data(names: list[str]) -> Waiting:
    if not names:
        reason = _("For a phone number we need the studio's data and address.")
        return wait_for_customer("studio_data", reason, now=now(), action="workspaces:onboarding")
    reason = _("For a phone number we still need: %(names)s.") % {"names": papers.in_words(names)}
    page = "workspaces:onboarding_address" if names == [REGISTER_NUMBER] else "workspaces:onboarding_studio"
    return wait_for_customer("studio_data", reason, now=now(), action=page)


def _bundle(
    account: TwilioAccount,
    context: StepContext,
    rule: Regulation,
    profile: StudioProfile,
    documents: list[StudioDocument],
) -> StepOutcome:
    bundle = _ensure_bundle(account, context, rule, profile)
    if not (bundle.approved or bundle.under_review):
        wanted = _contents(account, rule, profile, documents)
        if bundle.status != REJECTED or not set(wanted) <= compliance.items(account, bundle.sid).keys():
            bundle = _hand_in(account, bundle, wanted)
    if bundle.approved:
        return Done({"address_sid": _address(account, profile), "bundle_sid": bundle.sid})
    if bundle.under_review:
        return _wait_for_review(context)
    if bundle.status == REJECTED:
        return _rejected(bundle)
    return _not_compliant(account, bundle)


def _ensure_bundle(account: TwilioAccount, context: StepContext, rule: Regulation, profile: StudioProfile) -> Bundle:
    name = f"pilar-{context.workspace_id}"
    callback = f"{settings.PUBLIC_BASE_URL}/api/webhooks/twilio/status/{context.workspace_id}"
    sid = _once(
        f"twilio-bundle:{context.workspace_id}:{rule.sid}",
        "bundles.create",
        find=lambda: compliance.find_bundle(account, name),
        create=lambda: compliance.create_bundle(
            account,
            friendly_name=name,
            email=profile.representative_email,
            regulation_sid=rule.sid,
            status_callback=callback,
        ),
    )
    return compliance.status(account, sid)


def _contents(
    account: TwilioAccount, rule: Regulation, profile: StudioProfile, documents: list[StudioDocument]
) -> list[str]:
    """Make whatever the bundle must hold and return the sids."""
    known = {name: value for name, value in papers.facts(profile).items() if name in papers.wanted_facts(rule)}
    mark = papers.digest(*known.values())
    end_user = _once(
        f"twilio-end-user:{account.sid}:{mark}",
        "end_users.create",
        find=lambda: compliance.find_end_user(account, f"pilar-{mark}"),
        create=lambda: compliance.create_end_user(account, friendly_name=f"pilar-{mark}", attributes=known),
    )
    address_sid = _address(account, profile)
    plans, _lacking = papers.plan(rule, documents)
    return [end_user, *(_document(account, plan, profile, address_sid) for plan in plans)]


def _address(account: TwilioAccount, profile: StudioProfile) -> str:
    at = papers.address(profile)
    mark = papers.digest(at.customer_name, at.street, at.postal_code, at.city, at.country)
    return _once(
        f"twilio-address:{account.sid}:{mark}",
        "addresses.create",
        find=lambda: compliance.find_address(account, f"pilar-{mark}"),
        create=lambda: compliance.create_address(account, friendly_name=f"pilar-{mark}", at=at),
    )


def _document(account: TwilioAccount, plan: papers.PaperPlan, profile: StudioProfile, address_sid: str) -> str:
    known: dict[str, object] = {**papers.facts(profile), "address_sids": [address_sid]}
    attributes = {name: known[name] for name in plan.fields if name in known}
    mark = papers.digest(plan.kind, plan.document.sha256, str(sorted(attributes.items())))
    return _once(
        f"twilio-document:{account.sid}:{mark}",
        "supporting_documents.create",
        find=lambda: compliance.find_document(account, f"pilar-{mark}"),
        create=lambda: compliance.create_document(
            account,
            friendly_name=f"pilar-{mark}",
            kind=plan.kind,
            attributes=attributes,
            file=_file(plan.document),
        ),
    )


def _file(document: StudioDocument) -> File:
    with atomic():  # the content of a paper is loaded only now
        return File(document.filename, bytes(document.content), document.content_type)


def _once(
    key: str, operation: str, *, find: Callable[[], Paper | Bundle | None], create: Callable[[], Paper | Bundle]
) -> str:
    """Make one thing at Twilio exactly once and return its sid; friendly names are the marks by which it is found again."""

    def look_up() -> EffectResult | None:
        found = find()
        return EffectResult(ref=found.sid, data={}) if found else None

    effect = effects.perform(
        key=key,
        provider="twilio",
        operation=operation,
        call=lambda _key: EffectResult(ref=create().sid, data={}),
        look_up=look_up,
    )
    return effect.provider_ref


def _hand_in(account: TwilioAccount, bundle: Bundle, wanted: list[str]) -> Bundle:
    if bundle.status == REJECTED:
        bundle = compliance.set_status(account, bundle.sid, "draft")
    assigned = compliance.items(account, bundle.sid)
    for sid in assigned.keys() - set(wanted):
        compliance.unassign(account, bundle.sid, assigned[sid])
    for sid in wanted:
        if sid not in assigned:
            compliance.assign(account, bundle.sid, sid)
    if not compliance.evaluate(account, bundle.sid).compliant:
        return bundle
    return compliance.submit(account, bundle.sid)


def _wait_for_review(context: StepContext) -> Waiting:
    reason = _("Twilio checks the papers. This takes from minutes to some days; you need not do anything.")
    pause = REVIEW_CHECK if context.attempt <= 1 else REVIEW_CHECK_LATER
    return Waiting(WaitsFor.REVIEW, "bundle_review", reason, check_at=now() + pause)


def _rejected(bundle: Bundle) -> Waiting:
    reason = _("Twilio has refused the papers: %(why)s Upload corrected ones.") % {"why": bundle.failure_reason or ""}
    return wait_for_customer("papers_rejected", reason, now=now(), action="workspaces:papers")


def _not_compliant(account: TwilioAccount, bundle: Bundle) -> Waiting:
    why = " ".join(compliance.evaluate(account, bundle.sid).failures())
    reason = _("The papers do not fit the studio's data yet: %(why)s") % {"why": why}
    return wait_for_customer("papers_incomplete", reason, now=now(), action="workspaces:papers")
