"""Carries out what was committed: one file for each kind of task, and the loop that claims them."""
