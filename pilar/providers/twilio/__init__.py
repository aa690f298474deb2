"""Twilio: subaccounts, keys, numbers, German papers, SMS, and its webhooks."""
