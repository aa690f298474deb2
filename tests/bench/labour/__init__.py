"""The handlers that are measured."""
