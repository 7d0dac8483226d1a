"""Figures and panels for the paper's algorithms."""
