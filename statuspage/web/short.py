"""`/i/<id>`: the short address of an incident, as API v2 and messages give it. It leads to the page."""

from flask import Flask, Response
from werkzeug.exceptions import NotFound

from statuspage.web.headers import PUBLIC
from statuspage.web.shown import Shown


def register(app: Flask, shown: Shown) -> None:
    """Add the route. Unknown ids are a 404; the address led to is relative and one of the site's own."""

    @app.get("/i/<incident>", provide_automatic_options=False)
    def short(incident: str) -> Response:
        target = f"/incidents/{incident}"
        if target not in shown.table:
            raise NotFound()
        return Response(status=302, headers={"Location": target, "Cache-Control": PUBLIC})
