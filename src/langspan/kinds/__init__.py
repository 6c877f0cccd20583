"""The kinds of runs: one record for each, with its span name and pure functions that make its telemetry."""
