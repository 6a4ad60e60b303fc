"""Tables and figures for analysts."""
