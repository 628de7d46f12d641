"""Mail: an outbox in the database, and a relay that hands it over by SMTP or keeps it as files."""
