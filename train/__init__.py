"""Trains, exports and evaluates the networks of fer-cam. The only package that needs torch."""
