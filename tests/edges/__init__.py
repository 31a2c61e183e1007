"""Edges: the real daemon as a process, on real sockets, with a real store; a local page and a local receiver."""
