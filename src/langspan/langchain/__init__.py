"""What knows LangChain's and LangGraph's machinery: callbacks, the configure hook, patches."""
