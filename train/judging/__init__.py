"""Figures that judge a network."""
