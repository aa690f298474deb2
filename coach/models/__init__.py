"""Who is coached, what was said, and what will be said. One module per subject; import the names from here."""

from coach.agent.models import AiAgentConfig, AiRule
from coach.models.chats import CallLog, Conversation, Message
from coach.models.coaching import CheckIn, CoachingState, Goal, Milestone
from coach.models.desk import ChatNote, SavedReply
from coach.models.lists import BulkAction, Segment
from coach.models.people import Consent, Lead, LeadAlias, Suppression
from coach.models.plans import CalendarEventType, CoachConfig, Followup, FollowupTemplate
from coach.models.transfers import Erasure, MemberExport, MemberImport

__all__ = [
    "Segment",
    "MemberImport",
    "MemberExport",
    "Erasure",
    "BulkAction",
    "AiAgentConfig",
    "AiRule",
    "CalendarEventType",
    "CallLog",
    "ChatNote",
    "CheckIn",
    "CoachConfig",
    "CoachingState",
    "Consent",
    "Conversation",
    "Followup",
    "FollowupTemplate",
    "Goal",
    "Lead",
    "LeadAlias",
    "Message",
    "Milestone",
    "SavedReply",
    "Suppression",
]
