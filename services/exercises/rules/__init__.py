"""Rules of the catalogue that are plain functions: how a search finds an exercise."""
