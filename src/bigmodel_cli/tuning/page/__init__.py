"""search.html: one page with all of a search, which needs nothing else and no network."""
