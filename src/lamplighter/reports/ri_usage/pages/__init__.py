"""The pages of the workbook, found by themselves, in order of their `order`."""
