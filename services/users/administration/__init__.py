"""What administrators and operators do with accounts."""
