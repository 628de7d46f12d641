"""The four services, and what every service is given."""
