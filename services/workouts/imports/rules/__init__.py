"""Rules of imports that are plain functions, without storage or services."""
