"""The exercises service: the catalogue, its search, and the import from wger."""
