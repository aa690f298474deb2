"""Voices for spoken answers."""
