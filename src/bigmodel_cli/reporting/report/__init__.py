"""`report.html`: one page with all of a run, made from its folder alone."""
