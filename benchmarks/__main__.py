"""Run the benchmarks: `python -m benchmarks [name ...]`. They print rates and ratios and assert nothing."""

import pkgutil
import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    here = str(Path(__file__).parent)
    wanted = set(sys.argv[1:])
    for module in sorted(pkgutil.iter_modules([here]), key=lambda m: m.name):
        name = module.name.removeprefix("bench_")
        if module.name == name or (wanted and name not in wanted):
            continue
        print(f"\n{name}", flush=True)
        for line in import_module(f"benchmarks.{module.name}").run():
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
