"""The catalogue of all exported telemetry, for the documentation and for tests that nothing else is exported.

Nothing here is needed at run time.
"""
