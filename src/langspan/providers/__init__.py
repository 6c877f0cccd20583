"""Reading LangChain's model data: request, response, usage, and the providers' names."""
