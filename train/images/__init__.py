"""What is done to single images before a network sees them."""
