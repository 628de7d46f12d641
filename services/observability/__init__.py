"""What operators see of a process: its log, its metrics, its traces, its outages."""
