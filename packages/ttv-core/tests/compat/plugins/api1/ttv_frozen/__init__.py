"""Plugins as they were written for version 1 of the plugin API. Never edited: that is the point."""
