"""Every result of the paper again, beside the published number: `python -m train.reproduce --data ckplus48.zip --out DIR`."""
