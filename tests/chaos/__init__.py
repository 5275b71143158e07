"""A storm over a whole site of real processes, and a verdict read from the registry's own data.

``python -m tests.chaos --seed 1 --credits 300``
"""
