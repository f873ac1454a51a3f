"""Slack: who people are, what they are shown, and posting it once."""
