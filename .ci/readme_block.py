"""Print the n-th ``sh`` block of the README, n from 1."""

import re
import sys
from pathlib import Path

readme = Path(__file__).parents[1] / "README.md"
blocks = re.findall(r"^```sh\n(.*?)^```", readme.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
sys.stdout.write(blocks[int(sys.argv[1]) - 1])
