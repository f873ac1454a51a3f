"""Measures how fast the real bot is with a Graph that keeps to its quota; knows the bot only over the wire."""
