"""The job runner: ``python -m myriad.runner spec.json`` trains every task of a job in one process.

The protocol is in :mod:`myriad.runner.protocol`; recipes are written against :mod:`myriad.training`.
"""
