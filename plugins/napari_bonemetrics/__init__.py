"""The napari plugin of bonemetrics."""
