"""Trains, exports and judges the networks of fer-cam. The only package that needs torch."""
