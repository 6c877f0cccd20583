"""OpenTelemetry tracing for LangChain and LangGraph: one call, a correct tree of spans."""
