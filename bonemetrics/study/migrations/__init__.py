"""Steps that bring a study database to the newest schema; run by `bonemetrics.study.database` on opening."""
