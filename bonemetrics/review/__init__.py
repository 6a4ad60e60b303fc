"""Reading of segmentations: sessions, verdicts, agreement of readers and adjudication, without any window."""
