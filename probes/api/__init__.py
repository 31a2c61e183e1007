"""Error rates: synthetic calls, the team's own traffic, pushed outcomes."""
