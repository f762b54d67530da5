"""Reports: what the services answer, shaped and drawn."""
