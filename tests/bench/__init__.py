"""`make bench`: the speed and the memory of the real daemon, beside their goals and a bare loop's in the same run."""
