"""The commands of fer-cam, one file each: its options and its main."""
