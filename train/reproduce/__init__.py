"""Reproduces the results of the paper beside the published ones: `python -m train.reproduce --data ckplus48.zip --out DIR`."""
