"""Continuing education credits for Open edX: allocation, ledger, delivery to registries."""
