"""One file a group of steps. Each is idempotent: it looks for what exists, makes what is missing, and checkpoints the ids."""
