"""How weights change: batches, optimizers, checkpoints, teachers."""
