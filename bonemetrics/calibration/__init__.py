"""HU to mg/cm³ of a named material."""
