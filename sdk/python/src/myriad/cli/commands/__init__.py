"""The commands, one file a part of the platform; each ``register`` adds its own."""
