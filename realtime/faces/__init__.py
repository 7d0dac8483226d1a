"""Detects, tracks and assesses faces."""
