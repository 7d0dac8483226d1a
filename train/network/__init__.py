"""Networks: construction, and reading and writing weights."""
