"""The bill of a simulated estate: one truth of what ran, written as AWS writes bills, with what it comes to known."""
