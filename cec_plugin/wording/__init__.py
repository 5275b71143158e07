"""Codes and figures as sentences in the reader's language; every face says the same."""
