"""Training: batches, optimizers, checkpoints, teachers."""
