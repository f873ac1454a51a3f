"""The truth: an append-only log of events, its projections, and the tasks that follow from it."""
