"""Reports on recordings: the analysis as pure functions, and the HTML page."""
