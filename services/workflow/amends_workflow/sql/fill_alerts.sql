SELECT fill_alerts($1)
