"""Meta's pop-up in a real browser, opened by its SDK from a page of another origin."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.watching import chromium, closing
from tests.sandbox.graph_client import APP, exchange
from tests.sandbox.serving import Sandbox

pytestmark = pytest.mark.browser

OPENER = """<!doctype html><title>PILAR</title><button id="go">Verbinden</button>
<pre id="told"></pre><pre id="code"></pre>
<script>
  window.addEventListener("message", function (event) {
    if (typeof event.data === "string") document.getElementById("told").textContent = event.data;
  });
  window.fbAsyncInit = function () {
    FB.init({ appId: "%s", version: "v26.0", xfbml: false, cookie: false });
    document.getElementById("go").dataset.ready = "yes";
  };
  document.getElementById("go").addEventListener("click", function () {
    FB.login(function (response) {
      document.getElementById("code").textContent = response.authResponse ? response.authResponse.code : "none";
    }, { config_id: "%s", response_type: "code", override_default_response_type: true, extras: { version: "v4" } });
  });
</script>
<script async src="%s/_meta/sdk.js"></script>"""


@pytest.fixture
def page(sandbox: Sandbox) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        sandbox.product.answers["/connect"] = OPENER % (APP.whatsapp_app_id, APP.whatsapp_config_id, sandbox.url)
        page.goto(f"{sandbox.product.url}/connect")
        page.wait_for_selector("#go[data-ready=yes]")
        yield page


def test_the_popup_gives_ids_to_the_page_and_a_code_to_the_sdk(sandbox: Sandbox, page: Page) -> None:
    with page.expect_popup() as opened:
        page.click("#go")
    opened.value.fill("#business_name", "Studio Nord")
    opened.value.fill("#phone_number", "+49 30 12345678")
    with closing():
        opened.value.click("button[type=submit]")
    page.wait_for_selector("#code:not(:empty)")
    told = page.text_content("#told") or ""
    assert '"event":"FINISH"' in told
    assert list(sandbox.world.whatsapp.wabas)[0] in told
    assert exchange(sandbox, page.text_content("#code") or "").status_code == 200


def test_who_cancels_gets_no_code(page: Page) -> None:
    with page.expect_popup() as opened:
        page.click("#go")
    with closing():
        opened.value.click("#cancel")
    page.wait_for_selector("#code:text-is('none')")
    assert '"event":"CANCEL"' in (page.text_content("#told") or "")
