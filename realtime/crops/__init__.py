"""Crops of labelled faces from recordings, to train a network for a person's own faces."""
