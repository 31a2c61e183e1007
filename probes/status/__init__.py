"""Vendor status pages: one file per format."""
