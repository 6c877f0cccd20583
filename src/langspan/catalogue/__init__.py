"""What is exported, name by name: for the documentation, and for the test that nothing else is.

Nothing here is needed at run time.
"""
