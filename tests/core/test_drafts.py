"""Drafts: one writer, continued only as a whole, published all at once, nothing foreign replaced."""
