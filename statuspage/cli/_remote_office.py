"""Users and tokens over HTTP, by an admin's token. Nothing here is sent twice: what is made is shown only once."""

from statuspage.cli._desk import Document
from statuspage.cli._remote import Remote, part
from statuspage.core.refusals import NotThere


class RemoteOffice(Remote):
    """The office of another machine."""

    def users(self) -> Document:
        return self._get("/users")

    def add_user(self, document: Document) -> Document:
        return self._send("/users", document)

    def on_user(self, name: str, act: str, document: Document) -> Document:
        return self._named(name, f"/users/{part(name)}/{act}", document)

    def tokens(self) -> Document:
        return self._get("/tokens")

    def add_token(self, document: Document) -> Document:
        return self._send("/tokens", document)

    def revoke(self, id: str) -> Document:
        return self._named(id, f"/tokens/{part(id)}/revoke", {})

    def _named(self, id: str, path: str, document: Document) -> Document:
        try:
            return self._send(path, document)
        except NotThere as error:
            raise NotThere(error.what, id) from None
