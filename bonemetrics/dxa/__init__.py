"""Densitometry on numbers: identities, plausibility, references, rules of the field, precision and phantom control."""
