"""What the simulators know survives a restart of the sandbox, and nothing of it a reset."""

import pickle

from tests.sandbox.graph_client import online
from tests.sandbox.serving import HTTP, Sandbox
from tests.sandbox.twilio_client import buy_in_berlin, subaccount


def test_accounts_numbers_and_chats_can_be_kept(sandbox: Sandbox) -> None:
    number = buy_in_berlin(subaccount(sandbox)).phone_number
    online(sandbox, number).hears("Hallo")
    twilio, whatsapp = pickle.loads(pickle.dumps((sandbox.world.twilio, sandbox.world.whatsapp)))
    assert number in twilio.numbers
    assert whatsapp.phones_by_number[number].registered


def test_a_reset_forgets_all(sandbox: Sandbox) -> None:
    online(sandbox)
    HTTP.post(f"{sandbox.url}/_control/reset").raise_for_status()
    assert HTTP.get(f"{sandbox.url}/_control/state").json()["whatsapp"]["wabas"] == []
