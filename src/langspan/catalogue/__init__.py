"""The catalogue of all exported telemetry: for the documentation, and for the tests that nothing else is exported.

Nothing here is needed at run time.
"""
