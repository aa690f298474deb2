import pytest
from django.template.loader import render_to_string
from django.utils import timezone

CONTEXT = {
    "studio": "Kraft & Mut", "url": "https://pilar.test/x?a=1&b=2", "expires_at": timezone.now(), "inviter": "Ben",
    "role": "coach", "amount_cents": 9_900, "currency": "EUR", "items": [{"text": "Papiere", "url": "https://pilar.test/p"}],
    "number": "+494012345678", "language": "de", "base_url": "https://pilar.test", "subject": "x",
}  # fmt: skip
NAMES = ["claim", "invitation", "payment_failed", "waiting_for_you", "trial_ends", "ready"]


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_has_a_subject_in_one_line_without_html(name: str) -> None:
    subject = render_to_string(f"emails/{name}.subject.txt", CONTEXT).strip()
    assert "\n" not in subject
    assert "&amp;" not in subject


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_carries_its_link_in_both_forms(name: str) -> None:
    assert "https://pilar.test/x?a=1&b=2" in render_to_string(f"emails/{name}.txt", CONTEXT)
    assert 'href="https://pilar.test/x?a=1&amp;b=2"' in render_to_string(f"emails/{name}.html", CONTEXT)


def test_money_in_a_mail_has_its_currency() -> None:
    assert "99\xa0CHF" in render_to_string("emails/payment_failed.txt", CONTEXT | {"currency": "CHF"})
