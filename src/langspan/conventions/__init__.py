"""The published vocabulary: attribute names, metrics, and the measurements of a span."""
