# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's program, with the answers that stand in the file beside it; it writes down what it was asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

folder = Path(os.environ["FAKE_DOCKER"])
asked = " ".join(sys.argv[1:])
with (folder / "asked.txt").open("a", encoding="utf-8") as log:
    log.write(f"{asked}\n")
answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
beginning = max((one for one in answers if asked.startswith(one)), key=len, default=None)
if beginning is None:
    sys.exit(f"docker {asked}: nobody expected this")
code, output, errors = answers[beginning]
print(output)
print(errors, file=sys.stderr)
sys.exit(code)
