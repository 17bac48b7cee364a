"""How a sink finds its request rate again: a limit, an outage of a minute, and the end of the limit, as a picture."""
