"""`lamp deploy`: the same code as a serverless stack. Each command stands in a file of its own."""

from __future__ import annotations

from lamplighter.cli import deploy_cost
from lamplighter.cli.commands import group

app = group("Run it as a serverless stack: what that costs.")

for member in (deploy_cost,):
    member.add_to(app)
