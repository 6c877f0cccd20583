"""Rendering of captured content (prompts, answers, state): policy, message parts, shortening, media."""
