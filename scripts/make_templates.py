"""Makes the parts of the deployment's templates that come from data anew, and the Terraform modules around them."""

from __future__ import annotations

from pathlib import Path

from lamplighter.deploy.blocks import write_all
from lamplighter.deploy.terraform import write


def main() -> None:
    """Write, and say what changed."""
    for path in [*write_all(), *write(Path(__file__).parent.parent / "terraform")]:
        print("/".join(path.parts[-2:]))


if __name__ == "__main__":
    main()
