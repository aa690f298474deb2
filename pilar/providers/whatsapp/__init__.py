"""WhatsApp Cloud API: sign-up, templates, messages, phones, and its webhooks."""
