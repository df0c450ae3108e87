"""Metrics for Prometheus, read from the database when somebody asks: whichever process answers, the figures are the farm's."""
