"""Makes the parts of the deployment's templates that come from data anew."""

from __future__ import annotations

from lamplighter.deploy.blocks import write_all


def main() -> None:
    """Write, and say what changed."""
    for path in write_all():
        print(path.name)


if __name__ == "__main__":
    main()
