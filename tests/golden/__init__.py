"""Golden files: what people are sent of each event, in every form and language. `python -m tests.golden --write`."""
