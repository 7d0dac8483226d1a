"""A person's neutral: how the network reads one person's resting face, and the correction made from it."""
