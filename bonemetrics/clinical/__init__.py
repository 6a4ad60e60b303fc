"""Questionnaires, laboratory values, adverse events and fractures: from mapped rows to records."""
