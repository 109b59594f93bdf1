"""Where one-time links lead: the first admin's, an invited user's, and that of a user who was reset.

Opening one changes nothing, for mail programs open every link; only the form uses it up.
"""

from flask import Blueprint, Response

from statuspage.auth import codes
from statuspage.auth.invited import Offer
from statuspage.auth.passwords import LONGEST, SHORTEST
from statuspage.core.people import MAX_NAME
from statuspage.core.refusals import Refused
from statuspage.web.staff.answers import HOME, see_other
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import Text, form
from statuspage.web.staff.frame import plain_page
from statuspage.web.staff.gate import let_in, open_to_all
from statuspage.web.staff.visitor import visitor

blueprint = Blueprint("staff-invited", __name__)


@blueprint.get("/staff/setup/<token>")
@open_to_all
def setup(token: str) -> Response:
    return _show(staff().desk.offer(token, first=True))


@blueprint.post("/staff/setup/<token>")
@open_to_all
def set_up(token: str) -> Response:
    return _accept(token, first=True)


@blueprint.get("/staff/invite/<token>")
@open_to_all
def invitation(token: str) -> Response:
    return _show(staff().desk.offer(token, first=False))


@blueprint.post("/staff/invite/<token>")
@open_to_all
def accept(token: str) -> Response:
    return _accept(token, first=False)


def _accept(token: str, *, first: bool) -> Response:
    given = form(
        name=Text(MAX_NAME, optional=True),
        password=Text(LONGEST, strip=False),
        code=Text(20),
        carried=Text(4000),
    )
    desk = staff().desk
    offer = desk.offer(token, first=first, carried=given["carried"])
    try:
        secret = desk.accept(token, offer, given["name"], given["password"], given["code"], visitor())
    except Refused as refusal:
        return _show(offer, 422, given["name"], refusal)
    return let_in(see_other(HOME), secret)


def _show(offer: Offer, status: int = 200, name: str = "", refusal: Refused | None = None) -> Response:
    site = staff().site_name
    address = codes.uri(offer.seed, offer.invitation.user or name or "you", site)
    response = plain_page(
        "invited.html",
        status,
        invitation=offer.invitation,
        carried=offer.carried,
        name=offer.invitation.user or name,
        refusal=refusal,
        seed=codes.grouped(offer.seed),
        address=address,
        picture=codes.picture(address),
        shortest=SHORTEST,
        longest=LONGEST,
    )
    # The address of this page is a secret: nothing that it leads to shall hear of it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
