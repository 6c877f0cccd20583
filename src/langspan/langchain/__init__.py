"""The parts that know LangChain and LangGraph: callbacks, the configure hook and patches."""
