"""What samplers and schedulers gain: whole experiments, each beside another way to search."""
