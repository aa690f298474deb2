"""An app of the drills: work whose effects can be counted from outside."""
