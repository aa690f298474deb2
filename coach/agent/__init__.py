"""The AI agent: its configuration, its rules, what it is told, and how what it says is checked."""
