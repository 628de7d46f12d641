"""What operators see of a process: log, metrics, traces and outages."""
