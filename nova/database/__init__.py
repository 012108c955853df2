"""Django's PostgreSQL backend with the engine's breaker before every statement, and an end to waiting for an answer."""
