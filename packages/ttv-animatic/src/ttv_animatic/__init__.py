"""Animatics: previews cut together from composed stills."""
