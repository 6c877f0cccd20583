"""The only place that changes the current OpenTelemetry context."""
