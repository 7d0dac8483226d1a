"""Measures fer-cam, beside the loop that tutorials teach. How we measure is written in benchmarks/README.md."""
