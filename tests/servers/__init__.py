"""Private database and message servers for tests and benchmarks; each module needs its driver."""
