"""`lamp commit`: what has been committed to, what it covers, what to buy. Each command stands in a file of its own."""

from __future__ import annotations

from lamplighter.cli import commit_aws, commit_compare, commit_coverage, commit_inventory, commit_recommend
from lamplighter.cli.commands import group

app = group("What has been committed to, what it covers, what to buy.")

for member in (commit_inventory, commit_coverage, commit_recommend, commit_compare, commit_aws):
    member.add_to(app)
