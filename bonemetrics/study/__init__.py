"""A study on disk: protocol, subjects, records and audit log.

- `create.init_study` makes a study folder; `store.Store.open` opens one.
- `protocol.load_protocol` reads `study.toml`; `Protocol.with_overrides` changes single parameters for one call.
- `Store.assign_subjects` says whose the scans of a run are, `Store.record_result` and `record_refusal` keep what came
  of them, `Store.known_inputs` tells a run what it may skip.
- `placement.place_scans` gives measured scans their cohorts, visits and comparability notes, for tables.
- `Store.verify_chain` finds tampering with the audit log.
"""
