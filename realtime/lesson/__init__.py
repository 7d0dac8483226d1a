"""The paper's steps, computed for one face, for the lesson view and for panels."""
