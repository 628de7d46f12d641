"""Rules of the catalogue that are plain functions."""
