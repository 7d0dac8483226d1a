"""Benchmarks of fer-cam, with the usual tutorial loop as the reference. benchmarks/README.md describes the method."""
