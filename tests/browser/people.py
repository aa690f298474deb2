"""People at the doors of their accounts: what they type, what their mailbox gets, and a security chip that Chromium plays."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.journey import PASSWORD
from tests.e2e.installation import Sandbox, wait_for

CHIP = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@contextmanager
def security_chip(page: Page) -> Iterator[None]:
    """Give the browser a chip that keeps passkeys and always recognizes its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": CHIP})
    yield
    session.send("WebAuthn.disable")


@dataclass
class Person:
    """Somebody with a browser and a mailbox."""

    page: Page
    sandbox: Sandbox
    email: str

    def code(self, seen: int = 0) -> str:
        """The code in the newest letter, when more than `seen` have come."""

        def found() -> list[str]:
            mails = self.sandbox.get(f"mail/{self.email}")
            codes = [re.search(r"^ {4}(\S+)\r?$", mail["text"], re.MULTILINE) for mail in mails]
            return [match.group(1) for match in codes if match][seen:]

        return wait_for(found)[-1]

    def sign_up(self) -> None:
        self.page.goto("/accounts/signup/")
        self.page.fill("[name=email]", self.email)
        self.page.fill("[name=password1]", PASSWORD)
        self.page.click("form.form [type=submit]")
        self.page.wait_for_url("**/accounts/confirm-email/**")

    def confirm_address(self) -> None:
        self.page.fill("[name=code]", self.code())
        self.page.click("form.form [type=submit]")
        self.page.wait_for_url(lambda url: "confirm-email" not in url)

    def sign_out(self) -> None:
        self.page.goto("/accounts/logout/")
        self.page.click("main form [type=submit]")
        self.page.wait_for_url("**/")

    def prove(self, password: str = PASSWORD) -> None:
        """Give the password again where it is asked for."""
        if "/reauthenticate" in self.page.url:
            self.page.fill("[name=password]", password)
            self.page.click("form.form [type=submit]")
            self.page.wait_for_url(lambda url: "/reauthenticate" not in url)
