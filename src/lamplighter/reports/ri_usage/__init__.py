"""The workbook `AwsRIUsageReport`: what ran, what was committed to, and what to buy. One page of it a file."""
