"""The kinds of resources Lamplighter lights and puts out: one small file a kind."""
