"""Patches on LangChain and LangGraph: they make a run current in its body, and see to it that it ends.

Spans do not depend on them: runs are linked by the ids in LangChain's callbacks. Each patch is optional on
its own, and every private name of LangChain that we lean on is in one of the modules here.
"""
