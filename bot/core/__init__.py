"""What a request is and what may happen to it: values in, values out, no I/O and no clock."""
