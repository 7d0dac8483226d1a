"""Where a run is watched: the window and the terminal."""
