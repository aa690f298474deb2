"""Floor 0: what every room may rely on. Holds no models and imports no other room."""
