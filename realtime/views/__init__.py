"""Views of a run: the window and the terminal."""
