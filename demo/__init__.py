"""A local Slack, Entra and Graph over real sockets: for the demo, and for the tests."""
