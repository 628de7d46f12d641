"""The rules of analytics: plain functions on plain values, without Nameko, SQL or the clock."""
