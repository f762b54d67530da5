"""Usage by the hour: collected from AWS, kept by key, gaps seen and filled."""
