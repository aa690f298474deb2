"""What the people of the studio keep beside their chats: notes to each other, and words they use again."""

from django.db import models

from coach.models.chats import Conversation
from pilar.backplane.tenant_model import TenantModel


class ChatNote(TenantModel):
    """A remark for colleagues about one conversation. It is never sent and no model reads it; it goes with its person."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes", db_index=False)
    body = models.CharField(max_length=2000)
    author = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "conversation", "-created_at"], name="coach_note_thread")]

    def __str__(self) -> str:
        return f"note {self.id}"


class SavedReply(TenantModel):
    """Words that the studio uses again. `{first_name}` and `{studio}` are filled in where they are inserted."""

    title = models.CharField(max_length=60)
    body = models.CharField(max_length=1000)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "title"], name="coach_saved_reply_title_once")]

    def __str__(self) -> str:
        return self.title
