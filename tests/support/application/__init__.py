"""What an application does with LangChain and LangGraph, and all that it can see of it."""
