"""Makes the parts of the deployment's templates that come from data anew, and the Terraform modules around them."""

from __future__ import annotations

from pathlib import Path

from lamplighter.deploy.blocks import write_all
from lamplighter.deploy.documents import fill
from lamplighter.deploy.terraform import write

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write, and say what changed."""
    page = ROOT / "docs" / "deployment.md"
    page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")
    for path in [*write_all(), *write(ROOT / "terraform")]:
        print("/".join(path.parts[-2:]))


if __name__ == "__main__":
    main()
