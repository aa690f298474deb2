"""One subaccount a workspace, and its API key (providers.md 2.2)."""

from uuid import UUID

from pydantic import Field

from pilar.providers.twilio.client import Shape, TwilioAccount, main_account, request


class Standing(Shape):
    sid: str
    status: str


class Subaccount(Standing):
    auth_token: str = Field(repr=False)
    friendly_name: str = ""

    @property
    def account(self) -> TwilioAccount:
        return TwilioAccount(self.sid, self.auth_token)


class ApiKey(Shape):
    """`secret` is shown by Twilio only now."""

    sid: str
    secret: str = Field(repr=False)


class KeyName(Shape):
    sid: str
    friendly_name: str | None = None


def label(workspace_id: UUID) -> str:
    """Return the friendly name that marks a workspace's things at Twilio; names there are not unique by themselves."""
    return f"pilar-{workspace_id}"


def find(workspace_id: UUID) -> Subaccount | None:
    """Return the workspace's subaccount that is not closed, the oldest if a crash ever left two."""
    rows = request(
        main_account(),
        "accounts.list",
        lambda client: [
            Subaccount.model_validate(one)
            for one in client.api.v2010.accounts.list(friendly_name=label(workspace_id), limit=20)
        ],
        read=True,
    )
    rows = [one for one in rows if one.status != "closed" and one.friendly_name == label(workspace_id)]
    return rows[-1] if rows else None


def create(workspace_id: UUID) -> Subaccount:
    """Create a subaccount for the workspace. Look first: Twilio takes the same name twice."""
    return request(
        main_account(),
        "accounts.create",
        lambda client: Subaccount.model_validate(client.api.v2010.accounts.create(friendly_name=label(workspace_id))),
    )


def find_or_create(workspace_id: UUID, name: str = "") -> Subaccount:
    """Return the workspace's subaccount, made now if there is none. `name` is not sent: the mark is the id alone."""
    return find(workspace_id) or create(workspace_id)


def fetch(account_sid: str) -> Standing:
    """Say how an account stands, the main one included."""
    return request(
        main_account(),
        "accounts.fetch",
        lambda client: Standing.model_validate(client.api.v2010.accounts(account_sid).fetch()),
        read=True,
    )


def set_status(account_sid: str, status: str) -> Standing:
    """Set `active`, `suspended` (keeps numbers and their cost) or `closed` (final; releases the numbers)."""
    return request(
        main_account(),
        "accounts.update",
        lambda client: Standing.model_validate(client.api.v2010.accounts(account_sid).update(status=status)),
    )


def find_keys(account: TwilioAccount, friendly_name: str) -> list[str]:
    """Return the sids of the account's keys of that name, newest first; their secrets cannot be read again."""
    rows = request(
        account,
        "keys.list",
        lambda client: [KeyName.model_validate(one) for one in client.keys.list(limit=100)],
        read=True,
    )
    return [one.sid for one in rows if one.friendly_name == friendly_name]


def create_key(account: TwilioAccount, friendly_name: str) -> ApiKey:
    """Create a standard key of the account."""
    return request(
        account,
        "keys.create",
        lambda client: ApiKey.model_validate(client.new_keys.create(friendly_name=friendly_name)),
    )


def delete_key(account: TwilioAccount, key_sid: str) -> None:
    """Delete a key whose secret was lost, so that no unused one stays valid."""
    request(account, "keys.delete", lambda client: client.keys(key_sid).delete())
