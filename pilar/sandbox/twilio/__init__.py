"""Twilio: accounts, keys, numbers, German papers, SMS, voice and WhatsApp senders."""

from pilar.sandbox.twilio.calls import ring
from pilar.sandbox.twilio.messages import phone_texts, take_in
from pilar.sandbox.twilio.routes import routes
from pilar.sandbox.twilio.state import State

__all__ = ["State", "phone_texts", "ring", "routes", "take_in"]
