"""Readers of LangChain's model data: request, response, usage, and provider names."""
