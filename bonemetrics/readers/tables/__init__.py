"""Tables of clinical data: CSV, XLSX and SAS transport files to raw rows, and rows to roles."""
