"""Figures and panels of the paper's steps."""
