"""The report of a study: one page of HTML that needs nothing beside it, and its figures as files."""
