"""Benchmarks against other ways to do the same: `make bench`. Not part of the tests."""
