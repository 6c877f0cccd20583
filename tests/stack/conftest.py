from support.backends import backends, backends_in_memory

__all__ = ["backends", "backends_in_memory"]
