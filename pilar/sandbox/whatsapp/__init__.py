"""WhatsApp: Meta's Graph for business accounts, numbers, templates and messages, and the members' phones."""

from pilar.sandbox.whatsapp.members import phone_writes, studio_numbers
from pilar.sandbox.whatsapp.routes import routes
from pilar.sandbox.whatsapp.state import State

__all__ = ["State", "phone_writes", "routes", "studio_numbers"]
