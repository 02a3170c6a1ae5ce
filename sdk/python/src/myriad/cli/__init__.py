"""The ``myriad`` command."""
