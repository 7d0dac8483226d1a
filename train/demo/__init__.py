"""What the demo clip is made of."""
