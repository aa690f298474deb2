"""E-mail over SMTP, always by way of a job."""
