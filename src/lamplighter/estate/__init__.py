"""The simulated AWS on which Lamplighter is shown and tested: moto over the wire, behind a strict front.

`control` starts and steers it and needs no moto; `server` is the server itself. `docs/estate.md` says what is
stricter than moto, and what is still not as on AWS.
"""
