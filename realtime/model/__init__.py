"""The network: what it is, how it is chosen, and what it says of prepared faces."""
