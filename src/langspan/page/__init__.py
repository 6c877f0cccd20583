"""Traces as one HTML file that shows itself, with nothing fetched and nothing run but its own script.

Pure: spans as an OTLP JSON object has them go in, text comes out. Knows neither LangChain nor the SDK.
"""
