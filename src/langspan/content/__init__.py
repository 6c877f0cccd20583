"""What may be said of prompts, answers and state: the policy, message parts, shortening, media."""
