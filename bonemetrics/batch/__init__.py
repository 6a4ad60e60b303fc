"""Many scans: guarded child processes, planning, resuming."""
