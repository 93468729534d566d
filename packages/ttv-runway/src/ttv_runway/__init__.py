"""Runway's video API as a backend of ttv."""
