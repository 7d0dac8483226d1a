"""Face sets: reading them, dividing them, and saying what a network has seen."""
