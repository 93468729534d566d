"""Plasma, the moving colours of old screens, as a backend of ttv."""
