"""The floors of the house, by app label, for the guards of this folder."""

FLOOR = {
    "backplane": 1,
    "providers": 2,
    "api": 3,
    "ui": 3,
    "dashboard": 3,
    "security": 4,
    "workspaces": 5,
    "health": 6,
    "provisioning": 7,
    "coach": 7,
    "affiliates": 7,
}
