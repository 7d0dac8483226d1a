"""Finding and following faces, and what is said of each."""
