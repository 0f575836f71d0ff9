import consumer  # noqa: F401 - it sets numpy up, and must come before whatever loads it
