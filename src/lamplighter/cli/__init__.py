"""The command line: parses, calls what stands below, shows the answer.

    main.py      the tree of commands, loaded one by one; errors and exit codes
    options.py   options that many commands share
    context.py   from options to a `World`: definitions, store, AWS
    show.py      tables for people, JSON for programs; data on stdout, everything else on stderr
    values.py    times, lengths and days as people type them
    views.py     steps, results and failures as rows

One file for each command or group of commands. Nothing heavy is imported before a command runs: `lamp --help`
imports typer and rich, and none of boto3, pydantic, holidays and icalendar.
"""
