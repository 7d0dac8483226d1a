"""Networks: building them, reading and writing their weights."""
