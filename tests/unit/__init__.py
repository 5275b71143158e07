"""Tests of the pure rules: no database, no network, no clock."""
