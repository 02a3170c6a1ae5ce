"""The platform's nouns: one file each, with its dataclasses and what can be done with it."""
