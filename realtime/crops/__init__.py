"""Crops of labelled faces from recordings: what a network for a person's own faces learns from."""
