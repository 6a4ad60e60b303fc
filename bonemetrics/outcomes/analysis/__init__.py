"""Statistics for small trials: summaries, exact intervals, responders, models and relations, all descriptive."""
