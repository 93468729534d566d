"""Lantern, a tiny vendor of moving pictures, and the backend of ttv for it."""
