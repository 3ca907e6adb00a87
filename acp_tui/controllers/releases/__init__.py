"""One module a verb: what it makes of an intent, and the checks that are its own."""
