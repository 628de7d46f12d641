"""Measurements of the body: what a scale or a tape has read, and when."""
