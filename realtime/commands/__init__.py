"""The commands of fer-cam, one file each with options and main."""
