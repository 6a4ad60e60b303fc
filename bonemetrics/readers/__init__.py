"""Files to volumes or records, one file per format; `identify` is the one door."""
