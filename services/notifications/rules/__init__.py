"""What holds of webhooks whatever is stored: addresses, signatures, messages, the timetable."""
