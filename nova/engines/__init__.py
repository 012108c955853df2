"""The engines Nova starts by itself when no URL names one: development and tests only."""
