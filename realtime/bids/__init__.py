"""Sessions as files laid out like BIDS, the Brain Imaging Data Structure."""
