"""What this room contributes to the autopilot: facts about studios and subscriptions, and our reactions to Stripe."""

from pilar.kernel.switchboard import Empty, counter, event, on
from workspaces import claims, facts, stripe_events, usage

event(facts.WORKSPACE_CREATED, Empty)
event(facts.WORKSPACE_SUSPENDED, facts.Suspended)
event(facts.WORKSPACE_RESUMED, Empty)
event(facts.READY_TO_PROVISION, facts.ReadyToProvision)
event(facts.SUBSCRIPTION_CHANGED, facts.SubscriptionChanged)
event(facts.ONBOARDING_COMPLETED, Empty)
event(facts.DOCUMENT_ADDED, facts.DocumentAdded)

on("email.lost", claims.write_again, lane="messages", priority=1)
on("stripe.event", stripe_events.react, lane="webhooks", priority=1, max_attempts=10)

counter("seats", usage.seats)
