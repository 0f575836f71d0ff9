"""The real stream engine in virtual time, against a simulated world that tries to break its promises."""
