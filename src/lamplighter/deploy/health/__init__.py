"""Health of a deployed stack: a small file for each type of resource, found by itself."""
