"""One service a file: how its usage is counted, and how bills have it."""
