"""The report of a recording: what it holds, as pure functions, and one HTML file that shows it."""
