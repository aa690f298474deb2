"""HTTP and SMTP simulators of every provider: a program of its own (`python -m pilar.sandbox`)."""
