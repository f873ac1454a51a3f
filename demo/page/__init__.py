"""The local workspace as a page: who visits it plays its people, and sees what goes over the wire."""
