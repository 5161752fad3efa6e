"""The preview of one README file, whoever wrote it."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from hubq.errors import BadInput
from hubq.markdown import frontmatter, markup
from hubq.markdown.lint import lint
from hubq.preview.heading import heading
from hubq.preview.page import FILE_HEADERS, ShowError, page, theme_of
from hubq.preview.watching import files_state

_PICTURES = frozenset({".png", ".svg", ".jpg", ".jpeg", ".webp", ".gif"})
_ROOT = "/file"


class Readme:
    """A README file and the pictures that lie beside it.

    Args:
        path: of the file.

    Raises:
        BadInput: there is no such file.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadInput(f"{path}: no such file", remedy="Give a README.md, or a release.")
        self.path = path.resolve()

    @property
    def state(self) -> str:
        """A digest that changes when the file changes."""
        return files_state([self.path])

    def close(self) -> None:
        """Nothing is open."""

    def index(self, request: Request) -> Response:
        """Show the file as the Hub would."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ShowError(f"{self.path.name}: {error.strerror}") from error
        front = frontmatter.parse(text)
        place = markup.Place(repo_path=_ROOT, revision="main", page_of=lambda _repo: "")
        values = {
            "name": self.path.name,
            "family": False,
            "place": "",
            "theme": theme_of(request),
            "state": request.state.known,
            "front": heading(front),
            "findings": lint(text, self.path.parent),
            "html": markup.to_html(front.body, place),
        }
        return page("readme.html.j2", values)

    def picture(self, request: Request) -> Response:
        """Return a picture that lies in the README's folder or below it."""
        folder = self.path.parent
        path = (folder / request.path_params["path"]).resolve()
        if path.suffix.lower() not in _PICTURES or not path.is_relative_to(folder):
            raise ShowError("There is no such picture.")
        try:
            content = path.read_bytes()
        except OSError:
            raise ShowError("There is no such picture.") from None
        kind = mimetypes.guess_type(path.name)[0]
        return Response(content, media_type=kind, headers=FILE_HEADERS)
