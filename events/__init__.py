"""What is said and who hears it: subjects, streams, routes, delivery."""
