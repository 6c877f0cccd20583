"""Benchmarks of the time that tracing adds; run with `make bench`."""
