"""AWS: sessions, targets, paging, errors and bounded parallel work.

    targets.py      which accounts and regions: the `targets:` section, `Target`
    access.py       `Aws`, one per run, and `TargetSession`: the only way to call AWS
    discovery.py    from the section to targets: regions, Organizations
    credentials.py  base credentials, assumed roles, and the switch between them
    clients.py      one client per (service, region), whatever the number of accounts
    environment.py  a botocore session that reads a given environment
    calls.py        one call, measured and translated; the pages of one question
    errors.py       from botocore's exceptions to the tree in `lamplighter.errors`, by error_table.py
    parallel.py     the same work for many targets, each with its own outcome

`targets` and `parallel` do not import botocore (it costs 0.3 s), so a door that only validates stays quick.
"""
