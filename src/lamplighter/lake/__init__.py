"""The lake: charges and usage as Parquet, asked in SQL."""
