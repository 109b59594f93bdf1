"""The bugs: the module of the core, the line as it is (without its indentation), and what it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CORE = Path("statuspage") / "core"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug: in this module this line becomes that one."""

    name: str
    module: str
    old: str
    new: str

    @property
    def file(self) -> Path:
        """Where it is, from the root of the repository."""
        return CORE / f"{self.module}.py"

    def places(self, text: str) -> Sequence[int]:
        """The lines, counted from 0, that are the one to be changed."""
        return [number for number, line in enumerate(text.splitlines()) if line.strip() == self.old]

    def put_into(self, text: str) -> str:
        """The text with the bug. Raises ValueError where its line is not there exactly once."""
        (number,) = self.places(text)
        lines = text.splitlines(keepends=True)
        indentation = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        lines[number] = f"{indentation}{self.new}\n"
        return "".join(lines)


MUTANTS = (
    # guards
    Mutant(
        "a destination that is not up",
        "guards",
        'return f"{wish.to} is {found.health}" + (f": {found.why}" if found.why else "")',
        "return None",
    ),
    Mutant(
        "an unproven destination",
        "guards",
        'return None if lasted >= needed else f"{wish.to} is up for {_s(lasted)} of {_s(needed)}"',
        "return None",
    ),
    Mutant(
        "a destination nobody looked at lately",
        "guards",
        'return f"{wish.to} was last looked at {_s(age)} ago" if age > READY_WITHIN else None',
        "return None",
    ),
    Mutant(
        "a destination that is worked on",
        "guards",
        "if _is_worked_on(board, board.provider(wish.to).component):",
        "if _is_worked_on(board, wish.to + wish.to):",
    ),
    Mutant(
        "only who comes counts",
        "guards",
        "there = board.users_on(provider, but=wish.route.id)",
        "there = 0",
    ),
    Mutant(
        "only who is there counts",
        "guards",
        "coming = board.users(wish.route, wish.state) or 0",
        "coming = 0",
    ),
    Mutant(
        "no headroom",
        "guards",
        "room = int(provider.capacity * board.pace.headroom)",
        "room = provider.capacity",
    ),
    Mutant(
        "a herd on the providers is not seen",
        "guards",
        "for subject in dict.fromkeys((wish.route.id, source, wish.to)):",
        "for subject in (wish.route.id,):",
    ),
    Mutant("one move too many", "guards", "if len(recent) < board.pace.moves:", "if len(recent) <= board.pace.moves:"),
    Mutant("no lock", "guards", "if wish.state.locked_at is not None:", "if wish.state.locked_at == board.now:"),
    Mutant(
        "a pin that does not hold",
        "guards",
        "if holding is not None and board.now < holding.until and not (holding.implied and _is_rescue(board, wish)):",
        'if what == "paused" and holding is not None and board.now < holding.until:',
    ),
    Mutant(
        "a pause that does not hold",
        "guards",
        "if holding is not None and board.now < holding.until and not (holding.implied and _is_rescue(board, wish)):",
        'if what == "pinned" and holding is not None and board.now < holding.until:',
    ),
    Mutant(
        "planned work on the provider is not seen",
        "guards",
        "sources = (wish.route.component, board.provider(wish.state.provider).component)",
        "sources = (wish.route.component,)",
    ),
    Mutant("no settling", "guards", "looked = board.now - board.watching_since", "looked = board.pace.settle"),
    Mutant(
        "one too many at a moment",
        "guards",
        'return f"{board.moving} routes move already" if board.moving >= board.pace.parallel else None',
        'return f"{board.moving} routes move already" if board.moving > board.pace.parallel else None',
    ),
    Mutant(
        "no dwelling",
        "guards",
        'return None if stayed >= board.pace.dwell else f"here for {_s(stayed)} of {_s(board.pace.dwell)}"',
        "return None",
    ),
    Mutant(
        "stable too soon",
        "guards",
        'return None if lasted >= board.pace.stable else f"{wish.to} is up for {_s(lasted)} '
        'of {_s(board.pace.stable)}"',
        "return None",
    ),
    Mutant(
        "moves never grow old",
        "guards",
        "return tuple(at for at in state.moves if now - at < pace.moves_within)",
        "return state.moves",
    ),
    Mutant(
        "time in which nobody looked counts",
        "guards",
        "return self.now - max(since, self.watching_since)",
        "return self.now - since",
    ),
    Mutant(
        "who is on the way back is not counted",
        "guards",
        "return (state.provider, state.rollout.to) if state.rollout else (state.provider,)",
        "return (state.provider,)",
    ),
    Mutant(
        "one more than at most",
        "guards",
        "if rule.at_most is not None and count > rule.at_most and wish.to == rule.provider:",
        "if rule.at_most is not None and count > rule.at_most + 1 and wish.to == rule.provider:",
    ),
    Mutant(
        "one fewer than at least",
        "guards",
        "if rule.at_least is not None and count < rule.at_least and is_left:",
        "if rule.at_least is not None and count < rule.at_least - 1 and is_left:",
    ),
    Mutant(
        "assertions about everybody",
        "guards",
        "if not matches(wish.route.id, rule.routes):",
        "if not wish.route.id:",
    ),
    Mutant("no budget", "guards", 'OF_ROBOT = ("flap_budget", "parallel")', 'OF_ROBOT = ("parallel",)'),
    Mutant("no turns", "guards", 'OF_ROBOT = ("flap_budget", "parallel")', 'OF_ROBOT = ("flap_budget",)'),
    Mutant("no hands on tilt", "guards", 'OF_HANDS = ("paused_or_pinned", "tilt")', 'OF_HANDS = ("paused_or_pinned",)'),
    Mutant("returning at once", "guards", 'OF_RETURN = ("dwell", "not_stable")', 'OF_RETURN = ("not_stable",)'),
    # moves
    Mutant(
        "everybody follows a rule",
        "moves",
        "scope=Scope.NEW if plan.event is Event.FOLLOWED else Scope.ALL,",
        "scope=Scope.ALL,",
    ),
    Mutant(
        "moves that do not count",
        "moves",
        "moves=(*recent, now) if counts and now not in recent else recent,",
        "moves=recent,",
    ),
    Mutant(
        "an origin at home",
        "moves",
        "if plan.to == route.prefer[0] or plan.event is Event.SENT_HOME:",
        "if not state.epoch:",
    ),
    Mutant(
        "limited mode forgets where clients come from",
        "moves",
        "previous=state.previous if state.is_limited or plan.to == state.provider else state.provider,",
        "previous=state.provider,",
    ),
    Mutant(
        "an epoch for the provider only",
        "moves",
        "if after.served == before.served:",
        "if after.provider == before.provider:",
    ),
    Mutant(
        "epochs by two",
        "moves",
        "return replace(after, epoch=before.epoch + 1, changed_at=now)",
        "return replace(after, epoch=before.epoch + 2, changed_at=now)",
    ),
    Mutant(
        "waiting for ramps onto others",
        "ramping",
        "others = [ramp for each in board.states.values() for ramp in each.sending(to, board.pace.steps)]",
        "others = [ramp for each in board.states.values() for ramp in each.sending(None, board.pace.steps)]",
    ),
    Mutant(
        "a return takes no part in the budget",
        "route",
        "found.append((self.rollout.to, self.rollout.ramp, self.rollout.pct - before))",
        "pass",
    ),
    Mutant(
        "what a rule sends takes no part in the budget",
        "route",
        "found += [(each.flip.to, each.flip.ramp, 100) for each in self.rules if each.flip is not None]",
        "pass",
    ),
    Mutant(
        "the last flip is forgotten at the next moment",
        "ramping",
        "return flip if flip is not None and flip.to == to else None",
        "return None",
    ),
    Mutant(
        "our own ramp is a herd",
        "guards",
        "found = herd(subject, board.unsent(subject), board.now, board.pace, takes)",
        "found = herd(subject, board.signals, board.now, board.pace, takes)",
    ),
    Mutant(
        "our own ramp comes anyway",
        "guards",
        "return arrivals(subject, self.unsent(subject), self.now, beacons=MANY if surely else 0)",
        "return arrivals(subject, self.signals, self.now, beacons=MANY if surely else 0)",
    ),
    Mutant(
        "the last of a ramp are a herd",
        "guards",
        "found.append((ramp.begins, ramp.ends + LATE, rate))",
        "found.append((ramp.begins, ramp.ends, rate))",
    ),
    Mutant(
        "the memory of an application counts against the budget",
        "moves",
        "counts = move.counts and not board.is_built_in(plan.to)",
        "counts = move.counts",
    ),
    Mutant(
        "no memory of its own where all is spent",
        "wanting",
        "return () if board.is_built_in(wish.to) else refusals(board, wish, *OF_ROBOT)",
        "return refusals(board, wish, *OF_ROBOT)",
    ),
    Mutant(
        "what sank with the move is limited though it has a memory of its own",
        "wanting",
        'return _safe(board, route, replace(shed, cause="follows_load", spurned=(Refusal("follows_load", said),)))',
        'return replace(shed, cause="follows_load", spurned=(Refusal("follows_load", said),))',
    ),
    Mutant(
        "whoever moved it holds it on what sank",
        "guards",
        "return is_safe and is_failing(board, wish.state.provider) and sank_with_the_move(board, wish.state)",
        "return False",
    ),
    Mutant(
        "held until the half hour is over",
        "failover",
        "after = replace(after, pinned=None)  # what it held sank",
        "pass",
    ),
    Mutant(
        "one source hides another",
        "load",
        "users = next((each.users for each in fresh if each.users is not None), None)",
        "users = fresh[0].users",
    ),
    Mutant(
        "a step that asks no guard",
        "upkeep",
        "if against_target(board, Wish(route, state, rollout.to)):",
        "if not state.epoch:",
    ),
    Mutant(
        "the largest of those that move together",
        "ramping",
        "users = sum(each or 0 for each in known) if any(each is not None for each in known) else None",
        "users = max(each or 0 for each in known) if any(each is not None for each in known) else None",
    ),
    Mutant(
        "following what is home already",
        "moves",
        "reorder=state.reorder and plan.to != home(state, route) and not state.is_overdue,",
        "reorder=state.reorder and not state.is_overdue,",
    ),
    Mutant(
        "moves that are not proved",
        "moves",
        "verify_until=None if plan.to == LIMITED else now + pace.verify,",
        "verify_until=None,",
    ),
    Mutant("who stayed behind comes as a herd", "wanting", "if _is_drained(board, state):", "if not state.epoch:"),
    # upkeep
    Mutant(
        "a rule brings back onto what failed",
        "upkeep",
        "reorder = (changed or state.reorder) and order[0] not in (state.provider, origin)",
        "reorder = (changed or state.reorder) and order[0] != state.provider",
    ),
    Mutant(
        "a rule without its upper limit",
        "upkeep",
        "if value is None or value > rule.over:",
        "if value is None or value > rule.under:",
    ),
    Mutant("a rule without its lower limit", "upkeep", "if value >= rule.under:", "if value >= rule.over:"),
    Mutant(
        "a rule that ends at once",
        "upkeep",
        "return RuleState() if board.now - since >= board.pace.rule_hold else RuleState(True, since)",
        "return RuleState()",
    ),
    Mutant(
        "dead providers are given to clients",
        "upkeep",
        "kept = tuple(name for name in route.providers if name in usable and not is_failing(board, name))",
        "kept = usable",
    ),
    Mutant(
        "a return that never goes on",
        "upkeep",
        "further = next((pct for pct in board.pace.steps if pct > rollout.pct), None)",
        "further = next((pct for pct in board.pace.steps if pct >= rollout.pct), None)",
    ),
    Mutant(
        "blindness calls a return off",
        "upkeep",
        "is_well = board.condition(rollout.to).health not in (Health.DOWN, Health.DEGRADED)",
        "is_well = board.condition(rollout.to).health is Health.UP",
    ),
    Mutant(
        "a return onto what is down",
        "upkeep",
        "is_well = board.condition(rollout.to).health not in (Health.DOWN, Health.DEGRADED)",
        "is_well = True",
    ),
    Mutant(
        "a return that nobody wants",
        "upkeep",
        'is_wanted = rollout.to == home(state, route) and rollout.to in route.providers and route.failback == "auto"',
        "is_wanted = True",
    ),
    Mutant(
        "standbys change where the robot may not act",
        "upkeep",
        "if route.mode is not Mode.OBSERVE and has_hands:",
        "if route.mode is not Mode.OBSERVE:",
    ),
    Mutant(
        "a paused return goes on",
        "upkeep",
        "is_free = route.mode is Mode.AUTO and has_hands",
        "is_free = route.mode is Mode.AUTO",
    ),
    Mutant(
        "a limit that never ends",
        "upkeep",
        "state = replace(state, expires_at=None, by=ROBOT)",
        "state = replace(state, expires_at=None)",
    ),
    Mutant(
        "good however it is",
        "upkeep",
        "if board.condition(state.provider).health is Health.UP:",
        "if board.condition(state.provider).health is not Health.DOWN:",
    ),
    # wanting
    Mutant(
        "the unknown is down",
        "guards",
        "return found.health is Health.DOWN and board.now - found.since >= board.pace.confirm",
        "return found.health in (Health.DOWN, Health.UNKNOWN) and board.now - found.since >= board.pace.confirm",
    ),
    Mutant(
        "not confirmed",
        "guards",
        "return found.health is Health.DOWN and board.now - found.since >= board.pace.confirm",
        "return found.health is Health.DOWN",
    ),
    Mutant(
        "slow while nobody looked",
        "wanting",
        "return route.slow_for is not None and slow_since is not None and board.lasts(slow_since) >= route.slow_for",
        "return route.slow_for is not None and slow_since is not None and board.now - slow_since >= route.slow_for",
    ),
    Mutant(
        "what sank with the move is sent back",
        "guards",
        "return state.since - within <= down_since <= max(state.since, state.arrived) + within",
        "return False",
    ),
    Mutant("the robot lifts what a person limited", "wanting", "if is_kept_limited(state):", "if not state.epoch:"),
    Mutant("limited for a moment", "wanting", "if stayed >= needed:", "if stayed >= needed * 0:"),
    Mutant(
        "not where a person said",
        "wanting",
        "preferred = (state.expires_to, *state.order) if state.expires_to else state.order",
        "preferred = state.order",
    ),
    Mutant(
        "failing over without a budget",
        "wanting",
        "against = against_target(board, wish) or _against_robot(board, wish)",
        "against = against_target(board, wish)",
    ),
    Mutant(
        "limited for want of a turn",
        "wanting",
        'if [each.guard for each in against] == ["parallel"]:',
        'if [each.guard for each in against] == ["nothing"]:',
    ),
    Mutant(
        "the unknown has soaked",
        "wanting",
        "return found.health is Health.UP and board.lasts(max(found.since, rollout.arrived)) >= board.pace.soak",
        "return board.lasts(max(found.since, rollout.arrived)) >= board.pace.soak",
    ),
    Mutant(
        "returning by itself",
        "wanting",
        'if state.provider != home(state, route) and route.failback == "auto":',
        "if state.provider != home(state, route):",
    ),
    Mutant(
        "any refusal is the budget's",
        "wanting",
        'return "flap_budget" in names and names <= set(OF_ROBOT)',
        'return "flap_budget" in names',
    ),
    # failover
    Mutant(
        "guards that nobody asks",
        "failover",
        "if wanted.refused:",
        "if wanted.refused and route.mode is not Mode.AUTO:",
    ),
    Mutant(
        "an observed route that is limited",
        "failover",
        "if mode is Mode.OBSERVE:",
        "if mode is Mode.OBSERVE and wanted.event is not Event.SHED:",
    ),
    Mutant("nobody is asked", "failover", "if mode is Mode.APPROVE:", "if mode is Mode.APPROVE and wanted.spurned:"),
    Mutant(
        "a person's order needs a mode",
        "failover",
        "mode = Mode.AUTO if state.is_overdue else route.mode  # what a person ordered needs no mode",
        "mode = route.mode",
    ),
    Mutant(
        "a return counts twice",
        "failover",
        "after = replace(after, moves=state.moves, scope=Scope.NEW)",
        "after = replace(after, scope=Scope.NEW)",
    ),
    Mutant(
        "a return does not count",
        "failover",
        "moves = (*recent_moves(state, board.pace, board.now), board.now)",
        "moves = recent_moves(state, board.pace, board.now)",
    ),
    Mutant("looking once", "failover", "if present.states == before:", "if before:"),
    Mutant(
        "no latch",
        "failover",
        "locks = wanted.overspent and state.locked_at is None",
        "locks = False",
    ),
    Mutant(
        "details are news",
        "failover",
        "is_news = _names(wanted.refused) != _names(state.blocked) or state.blocked_to != wanted.to",
        "is_news = wanted.refused != state.blocked or state.blocked_to != wanted.to",
    ),
    Mutant(
        "a stale proposal",
        "failover",
        "if waiting is not None and (waiting.to, waiting.cause, waiting.event) == same:",
        "if waiting is not None and waiting.to == wanted.to:",
    ),
    Mutant(
        "cleared without having been blocked",
        "failover",
        "if _is_blocked(before) and not _is_blocked(after):",
        "if before.blocked and not after.blocked:",
    ),
    # operating
    Mutant(
        "an epoch of the future",
        "operating",
        "if order.expected_epoch != present.epoch:",
        "if order.expected_epoch < present.epoch:",
    ),
    Mutant(
        "one override for all",
        "operating",
        "left = [each for each in against if each.guard not in override]",
        "left = [] if override else list(against)",
    ),
    Mutant("everything is forgiven", "operating", "if name in UNFORGIVING:", 'if name == "stale_lease":'),
    Mutant("guards that there are not", "operating", "if name not in known:", "if not known:"),
    Mutant(
        "nothing is forgotten",
        "operating",
        "after = replace(after, moves=(), locked_at=None, expires_at=expires_at, expires_to=expires_to)",
        "after = replace(after, expires_at=expires_at, expires_to=expires_to)",
    ),
    Mutant(
        "the robot takes over at once",
        "operating",
        "until = expires_at or now + board.pace.hold_by_hand",
        "until = now",
    ),
    Mutant("a pause for ever", "operating", "if until - now > longest:", "if until - now > 2 * longest:"),
    Mutant(
        "approving against a pause",
        "operating",
        "against = (*against_target(found.board, wish), *refusals(found.board, wish, *OF_HANDS))",
        "against = against_target(found.board, wish)",
    ),
    Mutant(
        "a person's move without a ramp",
        "operating",
        "board = with_ramps(board.after(after), {route.id: found.state}, {route.id})",
        "board = board.after(after)",
    ),
    # pacing
    Mutant("arrivals starve a move", "pacing", "free = max(share - arriving, share / 2)", "free = share - arriving"),
    Mutant("arrivals do not count", "pacing", "free = max(share - arriving, share / 2)", "free = share"),
    Mutant("all that it takes", "pacing", "share = max_connects_per_s * pace.headroom", "share = max_connects_per_s"),
    Mutant("no queue", "pacing", "free_at = max([now, *(each.ends for each in others)])", "free_at = now"),
    Mutant(
        "a ramp that is too short",
        "pacing",
        "return min(max(math.ceil(users / free), 1), LONGEST) if users else 0",
        "return min(max(int(users / free), 1), LONGEST) if users else 0",
    ),
    Mutant(
        "the same clients first on every route",
        "pacing",
        'return int.from_bytes(hashlib.sha256(f"{route}|{client}".encode()).digest()[:4]) % BUCKETS',
        "return int.from_bytes(hashlib.sha256(client.encode()).digest()[:4]) % BUCKETS",
    ),
    # what they rest on
    Mutant(
        "silent checks are left out",
        "health",
        'held = [beliefs.get(check) or Belief(check, "") for check in checks]',
        "held = [beliefs[check] for check in checks if check in beliefs]",
    ),
    Mutant(
        "one check is down",
        "health",
        "if all(verdict is Verdict.DOWN for verdict in verdicts):",
        "if Verdict.DOWN in verdicts:",
    ),
    Mutant(
        "a baseline of nothing", "load", "if len(known) < FEWEST or known[-1].at - known[0].at < SPAN:", "if not known:"
    ),
    Mutant(
        "old news",
        "load",
        "fresh = [each for each in reversed(signals.get(subject, ())) if timedelta(0) <= now - each.at <= FRESH]",
        "fresh = list(reversed(signals.get(subject, ())))",
    ),
    Mutant("chance is a herd", "load", "if latest.beacons is not None and latest.beacons < MANY:", "if False:"),
    Mutant(
        "beacons outweigh applications", "load", "if said is not None and said.connects_per_s is not None:", "if False:"
    ),
    Mutant(
        "a part of a slot",
        "load",
        "done = {slot.at: slot.counts for slot in slots if slot.at + SLOT + COUNTED <= now}",
        "done = {slot.at: slot.counts for slot in slots}",
    ),
    Mutant(
        "failed tries are connections",
        "load",
        "ok = done.get(first + number * SLOT, Counts()).ok",
        "ok = done.get(first + number * SLOT, Counts()).tries",
    ),
    Mutant(
        "a move that nobody can follow",
        "upkeep",
        'noticed.append("unverified" if felt.is_bad else "verified")',
        'noticed.append("verified")',
    ),
    Mutant(
        "what was felt before a move",
        "upkeep",
        "felt = since(board.felt, state.provider, state.since)",
        "felt = since(board.felt, state.provider, state.since - board.now.resolution * 10**9)",
    ),
    Mutant("a rule for ever", "load", "return None if signals.get(route.id) else 0.0", "return None"),
    Mutant(
        "events at their doors only",
        "load",
        "return event.starts - lead <= now < event.ends + lead",
        "return event.starts <= now < event.ends",
    ),
    Mutant(
        "room that flickers",
        "rooms",
        "limit = board.pace.headroom * (ENOUGH if was else 1.0)",
        "limit = board.pace.headroom",
    ),
    Mutant(
        "limited is well",
        "modules",
        "return Served(Status.PARTIAL, state.since)",
        "return Served(Status.OPERATIONAL, state.since)",
    ),
    Mutant(
        "over while people feel it",
        "modules",
        "return any(each.is_limited or each.is_moving(board.now) for each in states if each is not None)",
        "return False",
    ),
    Mutant(
        "a person's incident is spoken in",
        "moving",
        "if incident.touched_by is not None:",
        "if incident.touched_by is not None and not incident.is_public:",
    ),
)
