"""The network: its format, its choice, and the classification of prepared faces."""
