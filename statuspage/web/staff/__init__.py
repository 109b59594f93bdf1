"""The staff area. The gate (gate.py) decides who may see and do what; every view names the role that it needs.

A form is read by forms.py and nothing else, a page is made by frame.page, and a refusal is raised, never
written by hand: answers.py says it to people and to programs. What changes something is a POST that ends in a
redirect, save where a secret is shown once. No page is kept by any cache, and none needs a script.
"""

from flask import Flask, Response, request

from statuspage.web.headers import NOT_KEPT
from statuspage.web.staff import (
    components,
    drafts,
    incidents,
    invited,
    journal,
    login,
    maintenances,
    me,
    messages,
    past,
    people,
    post,
    postmortem,
    ready,
    routes,
    tokens,
    updates,
)
from statuspage.web.staff.answers import answer_refusals
from statuspage.web.staff.context import EXTENSION, Staff

__all__ = ["Staff", "register"]

_ACCOUNTS = (login, invited, me, people, tokens, journal)
_DESK = (post, drafts, updates, incidents, postmortem, maintenances, components, past, messages, routes, ready)


def register(app: Flask, context: Staff) -> None:
    """Add the staff area. Raises ValueError for a secret key that is none."""
    _ = context.keys, context.store
    app.extensions[EXTENSION] = context
    answer_refusals(app)
    for module in (*_ACCOUNTS, *_DESK):
        app.register_blueprint(module.blueprint)

    @app.after_request
    def keep_nothing(response: Response) -> Response:
        if request.path.startswith("/staff"):
            response.headers["Cache-Control"] = NOT_KEPT
        return response
