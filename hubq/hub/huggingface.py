"""The Hugging Face Hub, or a server that speaks its HTTP API, behind the port."""

from __future__ import annotations

from hubq.hub.huggingface_collections import Collections
from hubq.hub.huggingface_commits import Commits
from hubq.hub.huggingface_downloads import Downloads
from hubq.hub.huggingface_reading import Reading
from hubq.hub.huggingface_repos import Repos


class HuggingFaceHub(Downloads, Reading, Repos, Commits, Collections):
    """The adapter to the real client library, which is imported when first used.

    Its parts are named for what they are about; what they share is a `Connection`.
    """
