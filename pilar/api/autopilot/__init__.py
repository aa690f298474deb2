"""The routes of the backplane (specification, module 1)."""
