"""The browser as a view: a page with the server's source, browsers' own cameras, an overlay for streamers."""
