from support.backends import backends

__all__ = ["backends"]
