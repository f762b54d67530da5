"""One file for each place that tells what has been committed to; members are found by themselves."""
