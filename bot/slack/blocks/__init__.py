"""Every word a user reads: pure builders from a request to Block Kit."""
