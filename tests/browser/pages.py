"""Every page that has an address of its own, by a short name."""

PUBLIC = {
    "landing": "/",
    "pricing": "/pricing",
    "checkout": "/checkout",
    "sign-up": "/accounts/signup/",
    "sign-in": "/accounts/login/",
    "password reset": "/accounts/password/reset/",
    "sign-in code": "/accounts/login/code/",
    "api reference": "/api/docs",
}
OWNER = {
    "today": "/dashboard",
    "chats": "/dashboard/chats",
    "members": "/dashboard/members",
    "member add": "/dashboard/members/add",
    "automation": "/dashboard/automation",
    "more": "/dashboard/more",
    "autopilot": "/dashboard/settings/autopilot",
    "billing": "/dashboard/settings/billing",
    "set-up": "/setup",
    "onboarding": "/onboarding",
    "papers": "/onboarding/papers",
    "whatsapp": "/onboarding/whatsapp",
    "e-mail": "/accounts/email/",
    "password": "/accounts/password/change/",
    "second factor": "/accounts/2fa/",
    "passkeys": "/accounts/2fa/webauthn/",
    "devices": "/accounts/sessions/",
    "sign-out": "/accounts/logout/",
}
