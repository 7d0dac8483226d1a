"""What is drawn over an image."""
