"""The main job as people do it: an owner with a browser, a member with a phone.

Each step yields its name while its page is on screen, so that a caller can judge it or take its picture.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import FilePayload, Page

from provisioning.scripted_customer import PAPER
from tests.browser.watching import closing, wait_until
from tests.e2e.installation import Sandbox, wait_for

PASSWORD = "bergwerk-tulpe-91"
WORDING = "Ich möchte vom Studio auf WhatsApp beim Training begleitet werden."
PAPERS = ("register_extract", "address_proof")
AT_ONCE = 6.0
"""Seconds: less than a message of the page stays, so that one which lies over a button is not waited for."""


@dataclass
class Owner:
    """Somebody who buys the product and sets it up, knowing nothing but what the pages say."""

    page: Page
    sandbox: Sandbox
    email: str
    member: str
    """The number of the first member's phone."""
    studio: str = "Kraftwerk Köln"
    number: str = field(init=False, default="")

    def walk(self) -> Iterator[str]:
        """From the front door to a studio in service, with one member who has agreed."""
        yield from self.pay()
        yield from self.take_over()
        yield from self.describe()
        yield from self.connect_whatsapp()
        yield from self.add_member("Anna Beispiel", self.member)

    def pay(self) -> Iterator[str]:
        self.page.goto("/")
        yield "landing"
        self.page.click("a[href='/checkout']")
        self.page.wait_for_url("**/checkout")
        yield "checkout"
        self.page.click("label:has([value=PRO])")
        self._fill(studio=self.studio, email=self.email)
        self.page.click("form[method=post] [data-size=wide]")
        self.page.wait_for_url("**/checkout/cs_**")
        self.page.click("button.wide")
        self.page.wait_for_url("**/checkout/return**")
        self.page.wait_for_selector(f"text={self.email}")
        yield "checkout return"

    def take_over(self) -> Iterator[str]:
        self.page.goto(self.link("/claim/"))
        yield "claim"
        self._fill(name="Nora Klein", password=PASSWORD)
        self._send("**/onboarding/studio")
        yield "onboarding"

    def describe(self) -> Iterator[str]:
        """The walk of the onboarding up to Meta's pop-up; it goes on while the set-up is already under way."""
        self._fill(legal_name=f"{self.studio} GmbH", website="https://kraftwerk.example")
        self.page.wait_for_selector("#saved p")
        self._send("**/onboarding/address")
        yield "address"
        self._fill(register_number="HRB 12345", street="Aachener Straße 5", postal_code="50674", city="Köln")
        self._send("**/onboarding/papers")
        for kind in PAPERS:
            self.page.select_option("[name=kind]", kind)
            paper = FilePayload(name="auszug.pdf", mimeType="application/pdf", buffer=PAPER)
            self.page.set_input_files("[name=file]", files=[paper])
            self._send("**/onboarding/papers")
        yield "papers"
        self._go_on("**/onboarding/hours")
        self.page.check("[name=mon_open]")
        self._fill(mon_from="06:00", mon_to="22:00")
        self.page.click("[name=copy]")
        self.page.wait_for_selector("[name=fri_open]:checked")
        yield "hours"
        self._send("**/onboarding/coach")
        yield "coach"
        self.page.check("[value='kurz und direkt']")
        self._send("**/onboarding/members")
        yield "whom to coach"
        self._go_on("**/onboarding/whatsapp")

    def _go_on(self, url: str) -> None:
        self._press("main form:not(.form):not(.choice) [type=submit]", url)

    def connect_whatsapp(self) -> Iterator[str]:
        self.page.goto("/setup")
        self.page.wait_for_selector("a[href='/onboarding/whatsapp']", timeout=60_000)
        yield "set-up waits"
        self.page.click("a[href='/onboarding/whatsapp']")
        wait_until(self.page, "Boolean(window.FB)")
        yield "whatsapp"
        shown = re.search(r"\+[\d ]+", self.page.inner_text(".numbered"))
        assert shown, "the page does not say which number to take"
        self.number = shown.group().replace(" ", "")
        with self.page.expect_popup() as opened:
            self.page.click("[data-start]")
        window = opened.value
        window.fill("[name=business_name]", self.studio)
        window.fill("[name=phone_number]", self.number)
        with closing():
            window.click("button[type=submit]")
        self.page.wait_for_url("**/setup")
        self.page.wait_for_selector("text=100 %", timeout=60_000)
        self.page.wait_for_selector("#progress a[href='/dashboard']")
        yield "set-up ready"

    def add_member(self, name: str, phone: str) -> Iterator[str]:
        self.page.goto("/dashboard/members/add")
        yield "member add"
        agreed = datetime.now(UTC) - timedelta(days=2)
        self._fill(name=name, phone=phone, tags="Probetraining", consent_source="Empfang", consent_wording=WORDING)
        self._fill(consent_at=agreed.strftime("%Y-%m-%dT%H:%M"))
        self._send(re.compile(r"/dashboard/members/[0-9a-f-]{36}$"))
        yield "member"

    def link(self, part: str) -> str:
        def found() -> list[str]:
            mails = self.sandbox.get(f"mail/{self.email}")
            return [link for mail in mails for link in mail["links"] if part in link]

        return wait_for(found)[-1]

    def _fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.page.fill(f"[name={name}]", text)

    def _send(self, url: Any) -> None:
        self._press("form.form [type=submit]", url)

    def _press(self, button: str, url: Any) -> None:
        self.page.click(button, trial=True, timeout=1000 * AT_ONCE)
        with self.page.expect_navigation(url=url):
            self.page.click(button)


@dataclass
class Member:
    """Somebody with a phone: the sandbox's page that plays one."""

    page: Page
    sandbox: Sandbox
    phone: str

    def pick_up(self, studio: str) -> None:
        """Open the chat with the studio that has this number."""
        self.page.goto(f"{self.sandbox.url}/phone/{self.phone}")
        self.page.wait_for_selector(f"#peer option[value='{studio}']", state="attached")
        self.page.select_option("#peer", studio)

    def write(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.click("#compose button")

    def wait_for(self, text: str) -> None:
        self.page.wait_for_selector(f"#chat >> text={text}")
