"""One run from start to end; the only caller of the tracer, the meter and the event logger."""
