"""How PILAR is installed, started and kept running on one machine."""
