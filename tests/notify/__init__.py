"""Tests of the sending of messages."""
