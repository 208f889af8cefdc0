"""Markers and addresses of artifacts: what is written is read, what is secret stays out."""
