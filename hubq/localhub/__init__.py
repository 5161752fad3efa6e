"""An embedded Hub: the Hub's HTTP API on a folder, with pages a person opens.

`Storage` reads and writes the folder without any server. `LocalHub` in `hubq.localhub.server`
serves it to the real client; only that module, `app`, `faults`, `api` and `web` need the extra
`local`.
"""

from __future__ import annotations

from hubq.localhub.storage import Storage

__all__ = ["Storage"]
