"""New passwords for those who have forgotten theirs."""
