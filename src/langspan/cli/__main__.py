"""`python -m langspan.cli`, for where the `langspan` script is not on the path."""

import sys

from langspan.cli import main

sys.exit(main())
