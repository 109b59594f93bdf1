"""Which providers are given to clients to whom a rule applies: proven ones, and where a person sent the route."""

from collections.abc import Sequence

from statuspage.core.route import LIMITED, Route, RouteState, Rule


def given(route: Route, state: RouteState, rule: Rule) -> str:
    """Where those go to whom the rule applies: the first that is usable, else where the route stands.

    What a person moved or pinned holds for them too.
    """
    if state.is_limited:
        return LIMITED
    if state.is_in_hand:
        return state.provider
    usable = route.providers if state.usable is None else state.usable
    return next((name for name in rule.prefer if name in usable), state.provider)


def all_given(route: Route, state: RouteState) -> Sequence[str]:
    """The same for each of its rules."""
    return tuple(given(route, state, rule) for rule in route.rules)
