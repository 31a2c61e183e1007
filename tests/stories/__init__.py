"""Stories: what happens in the world, what is told of it, and that nothing else is."""
