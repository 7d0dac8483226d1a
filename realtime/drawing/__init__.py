"""Draws over images."""
