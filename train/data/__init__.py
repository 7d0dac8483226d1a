"""Face sets: readers, splits, and a record of the images that a network has seen."""
