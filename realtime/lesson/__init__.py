"""The paper's steps, worked out for one face: what the lesson view shows and a panel keeps."""
