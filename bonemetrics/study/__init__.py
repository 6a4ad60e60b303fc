"""A study on disk: protocol, store, audit log and folders."""
