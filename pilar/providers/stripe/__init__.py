"""Stripe: checkout, subscriptions, customers, portal, invoices, and its webhooks."""
