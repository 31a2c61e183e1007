"""Documents that are kept true: parts of them are generated, the rest is compared with the code."""
