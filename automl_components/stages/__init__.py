"""Verbs: one component per file."""
