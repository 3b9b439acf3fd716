"""One module per group of commands; each command takes its arguments and the world."""
