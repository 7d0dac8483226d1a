"""The report of a recording: its analysis, as pure functions, and one HTML file."""
