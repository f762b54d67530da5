"""`lamp deploy`: the same code as a serverless stack. Each command stands in a file of its own."""

from __future__ import annotations

from lamplighter.cli import deploy_cost, deploy_definitions, deploy_event, deploy_push, deploy_stacks, deploy_zips
from lamplighter.cli.commands import group

app = group("Run it as a serverless stack: zips, templates, stacks, definitions, events, and what that costs.")

for member in (deploy_zips, deploy_push, deploy_stacks, deploy_definitions, deploy_event, deploy_cost):
    member.add_to(app)
