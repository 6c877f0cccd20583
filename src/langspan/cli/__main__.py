"""`python -m langspan.cli`, for environments where the `langspan` script is not on the path."""

from __future__ import annotations

import sys

from langspan.cli import main

sys.exit(main())
