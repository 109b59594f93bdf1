"""The redis kind against real servers, one for each state that a probe must tell apart."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from probes import redis
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.fields import Secret
from tests.probes.looking import look, stage_names
from tests.probes.redis_server import REDIS, VALKEY, Client, RedisServer, free_port, until

Start = Callable[..., RedisServer]

EVERYTHING = ["dns", "connect", "hello", "set", "get", "pubsub", "del", "role", "info"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers that end with the test."""
    with ExitStack() as servers:
        count = 0

        def start(**settings: Any) -> RedisServer:
            nonlocal count
            count += 1
            return servers.enter_context(RedisServer(tmp_path / str(count), **settings))

        yield start


async def at(server: RedisServer, timeout: float = 5.0, **options: Any) -> Observation:
    return await look(redis, timeout, **{"url": server.url, **options})


def verdict(observation: Observation) -> tuple[Reason | None, str | None, object, object]:
    """Reason and stage, and what became of the write path and the read path."""
    return observation.reason, observation.stage, observation.facts.get("write"), observation.facts.get("read")


@pytest.mark.parametrize("flavour", [REDIS, VALKEY])
async def test_a_fine_server_passes_every_stage(start: Start, flavour: str) -> None:
    server = start(flavour=flavour)
    observation = await at(server)
    assert observation.outcome is Outcome.OK, observation.detail
    assert stage_names(observation) == EVERYTHING
    facts = observation.facts
    assert (facts["write"], facts["read"], facts["pubsub"]) == ("ok", "ok", "ok")
    assert (facts["role"], facts["protocol"], facts["replicas"]) == ("master", 3, 0)
    assert isinstance(facts["used_memory"], int)
    assert facts["used_memory"] > 0
    assert facts["maxclients"] == 10000
    assert str(facts["version"]).split(".")[0] in ("6", "7", "8", "9")
    assert server.ask("DBSIZE") == 0


async def test_the_key_goes_to_the_database_of_the_url_and_expires(start: Start) -> None:
    server = start()
    server.ask("ACL", "SETUSER", "default", "-del")
    observation = await at(server, url=f"{server.url}/3", key_prefix="look:")
    assert verdict(observation) == (Reason.DENIED, "del", "denied", "ok")
    with server.connect() as client:
        client.ask("SELECT", 3)
        (key,) = client.ask("KEYS", "*")
        assert key.startswith("look:")
        assert 0 < client.ask("TTL", key) <= 60


async def test_without_pubsub_nothing_is_published(start: Start) -> None:
    observation = await at(start(), pubsub=False)
    assert observation.outcome is Outcome.OK
    assert "pubsub" not in stage_names(observation)


async def test_a_server_out_of_memory_refuses_writes_and_reads_on(start: Start) -> None:
    server = start(maxmemory="2mb", maxmemory_policy="noeviction")
    server.ask("DEBUG", "POPULATE", 50000)
    observation = await at(server)
    assert verdict(observation) == (Reason.OUT_OF_MEMORY, "set", "out_of_memory", "ok")
    assert observation.facts["pubsub"] == "ok"
    assert observation.facts["maxmemory"] == 2 * 1024 * 1024


@pytest.mark.parametrize("flavour", [REDIS, VALKEY])
async def test_a_replica_is_readonly_where_a_master_is_expected(start: Start, flavour: str) -> None:
    master = start(flavour=flavour)
    replica = start(flavour=flavour, replicaof=f"127.0.0.1 {master.port}")
    until(lambda: "master_link_status:up" in replica.ask("INFO", "replication"), "replication")
    observation = await at(replica)
    assert verdict(observation) == (Reason.READONLY, "set", "readonly", "ok")
    assert (observation.facts["role"], observation.facts["master_link"]) == ("replica", "up")
    for expected, write in (("replica", "not tried"), ("any", "readonly")):
        observation = await at(replica, expect_role=expected)
        assert observation.outcome is Outcome.OK
        assert (observation.facts["write"], observation.facts["read"]) == (write, "ok")
    seen_by_master = await at(master, replicas_under=1, replica_lag_over="10s")
    assert seen_by_master.outcome is Outcome.OK, seen_by_master.detail
    assert seen_by_master.facts["replicas"] == 1
    assert {"replica_lag_s", "replica_lag_bytes"} <= seen_by_master.facts.keys()


async def test_a_master_where_a_replica_is_expected_has_the_wrong_role(start: Start) -> None:
    observation = await at(start(), expect_role="replica")
    assert verdict(observation) == (Reason.WRONG_DATA, "role", "not tried", "ok")
    assert "the server is a master, expected a replica" in observation.detail


async def test_a_replica_without_its_master_is_told_apart_from_one_with_it(start: Start) -> None:
    replica = start(replicaof=f"127.0.0.1 {free_port()}", replica_serve_stale_data="no")
    assert verdict(await at(replica)) == (Reason.MASTER_DOWN, "get", "readonly", "master_down")
    observation = await at(replica, expect_role="replica")
    assert verdict(observation) == (Reason.MASTER_DOWN, "get", "not tried", "master_down")
    assert observation.facts["master_link"] == "down"


async def test_a_stale_replica_that_serves_on_is_over_its_lag(start: Start) -> None:
    replica = start(replicaof=f"127.0.0.1 {free_port()}")
    observation = await at(replica, expect_role="replica", replica_lag_over="1ms")
    assert (observation.outcome, observation.reason, observation.stage) == (Outcome.SLOW, Reason.THRESHOLD, "info")


@pytest.mark.parametrize("flavour", [REDIS, VALKEY])
async def test_a_loading_server_is_loading(start: Start, flavour: str) -> None:
    server = start(flavour=flavour)
    server.ask("DEBUG", "POPULATE", 20000)
    server.ask("SAVE")
    server.kill()
    # A millisecond for each key, so that the server is still loading when the last assertion is made.
    server.start("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    server.answers("LOADING")
    observation = await at(server)
    assert verdict(observation) == (Reason.LOADING, "set", "loading", "loading")
    assert "loading_eta_s" in observation.facts


def only_client_of(server: RedisServer) -> Client:
    """The one client that has room, once the connections of earlier questions are gone."""
    while True:
        client = server.connect()
        with suppress(ConnectionError):
            if client.ask("PING") == "PONG":
                return client
        client.close()


async def test_a_full_server_refuses_the_next_client(start: Start) -> None:
    server = start(maxclients=1)
    with only_client_of(server):
        for _ in range(20):
            observation = await at(server)
            assert verdict(observation) == (Reason.CAPACITY, "hello", None, None)
            assert "max number of clients" in observation.detail


async def test_room_for_one_client_is_not_room_for_two(start: Start) -> None:
    server = start(maxclients=1)
    only_client_of(server).close()
    observation = await at(server)
    assert observation.reason is Reason.CAPACITY
    assert observation.stage == "hello"


async def test_credentials_are_asked_for_checked_and_used(start: Start) -> None:
    server = start(requirepass="right-password")
    wrong: dict[str, Any] = {"password": Secret("wrong-password")}
    for options in ({}, wrong):
        for protocol in (2, 3):
            observation = await at(server, protocol=protocol, **options)
            assert observation.reason is Reason.AUTH
            assert "password" not in observation.detail.replace("username-password", "")
    for protocol in (2, 3):
        observation = await at(server, protocol=protocol, password=Secret("right-password"))
        assert observation.outcome is Outcome.OK, observation.detail


async def test_a_password_where_none_is_set_is_no_way_in_under_resp2(start: Start) -> None:
    observation = await at(start(), protocol=2, password=Secret("needless"))
    assert verdict(observation) == (Reason.AUTH, "hello", None, None)


class TestAclUser:
    """The user `probe`, with one permission more or less."""

    RULES = "on >a-password +@connection +set +get +del +publish +subscribe +role +info"
    PATTERNS = "~statuspage:probe:* &statuspage:probe:*"

    async def seen(self, start: Start, rules: str, **options: Any) -> Observation:
        server = start(user=f"probe {rules}")
        return await at(server, username="probe", password=Secret("a-password"), **options)

    async def test_the_documented_rules_suffice(self, start: Start) -> None:
        for protocol in (2, 3):
            observation = await self.seen(start, f"{self.RULES} {self.PATTERNS}", protocol=protocol)
            assert observation.outcome is Outcome.OK, observation.detail

    async def test_denied_figures_are_a_fact_and_no_failure(self, start: Start) -> None:
        rules = f"{self.RULES} {self.PATTERNS} -info -role"
        observation = await self.seen(start, rules)
        assert observation.outcome is Outcome.OK
        assert (observation.facts["role_command"], observation.facts["info_command"]) == ("denied", "denied")
        assert observation.facts["role"] == "master"

    async def test_thresholds_that_cannot_be_judged_are_not_taken_for_kept(self, start: Start) -> None:
        observation = await self.seen(start, f"{self.RULES} {self.PATTERNS} -info", clients_over=0.9)
        assert (observation.outcome, observation.reason) == (Outcome.SLOW, Reason.DENIED)

    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            (f"{PATTERNS} -set", (Reason.DENIED, "set", "denied", "ok")),
            (f"{PATTERNS} -get", (Reason.DENIED, "get", "ok", "denied")),
            ("~other:* &statuspage:probe:*", (Reason.DENIED, "set", "denied", "denied")),
            ("~statuspage:probe:* resetchannels", (Reason.DENIED, "pubsub", "ok", "ok")),
        ],
    )
    async def test_what_is_denied_is_named(
        self, start: Start, rules: str, expected: tuple[Reason | None, str | None, object, object]
    ) -> None:
        assert verdict(await self.seen(start, f"{self.RULES} {rules}")) == expected


@pytest.mark.parametrize("flavour", [REDIS, VALKEY])
async def test_a_frozen_server_has_an_open_port_and_not_one_byte(start: Start, flavour: str) -> None:
    server = start(flavour=flavour)
    server.freeze()
    observation = await at(server, timeout=0.5)
    assert verdict(observation) == (Reason.FROZEN, "hello", None, None)
    assert stage_names(observation) == ["dns", "connect"]


async def test_a_server_that_cannot_save_refuses_writes(start: Start) -> None:
    server = start(save="3600 1")
    server.answers("PONG")
    # The snapshot is written beside its place and then moved there, which a folder of that name prevents.
    (server.folder / "dump.rdb").mkdir()
    server.ask("BGSAVE")
    until(lambda: "rdb_last_bgsave_status:err" in server.ask("INFO", "persistence"), "the failing snapshot")
    assert verdict(await at(server)) == (Reason.MISCONFIGURED, "set", "misconfigured", "ok")


async def test_a_master_without_the_replicas_that_it_needs_refuses_writes(start: Start) -> None:
    observation = await at(start(min_replicas_to_write=1))
    assert verdict(observation) == (Reason.NO_REPLICAS, "set", "no_replicas", "ok")


async def test_a_server_in_an_endless_script_is_busy(start: Start) -> None:
    server = start(lua_time_limit=50)
    with server.connect() as scripter:
        scripter.send("EVAL", "while true do end", 0)
        server.answers("BUSY")
        observation = await at(server)
    assert observation.reason is Reason.BUSY
    assert (observation.facts.get("write"), observation.facts.get("read")) == ("busy", "busy")


async def test_a_cluster_without_its_slots_is_down(start: Start) -> None:
    observation = await at(start(cluster_enabled="yes", cluster_port=free_port()))
    assert verdict(observation) == (Reason.CLUSTER_DOWN, "set", "cluster_down", "cluster_down")


async def test_paused_writes_time_out_while_reads_go_on(start: Start) -> None:
    server = start()
    server.ask("CLIENT", "PAUSE", 60000, "WRITE")
    observation = await at(server, timeout=2)
    assert verdict(observation) == (Reason.TIMEOUT, "set", "timeout", "ok")
    assert observation.facts["role"] == "master"


async def test_a_server_without_hello_is_spoken_to_in_resp2(start: Start) -> None:
    server = start(rename_command='HELLO ""', requirepass="a-password")
    observation = await at(server, password=Secret("a-password"))
    assert observation.outcome is Outcome.OK, observation.detail
    assert stage_names(observation) == EVERYTHING
    assert observation.facts["protocol"] == 2
    assert (await at(server, password=Secret("wrong-password"))).reason is Reason.AUTH


async def test_a_dead_server_refuses_the_connection(start: Start) -> None:
    server = start()
    server.kill()
    assert verdict(await at(server)) == (Reason.CONNECT, "connect", None, None)


async def test_tls_is_spoken_and_verified(start: Start, tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    for name, issuer in (("ca", authority), ("stranger", stranger)):
        issuer.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "server.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    server = start(
        tls_cert_file=str(tmp_path / "server.pem"),
        tls_key_file=str(tmp_path / "server.key"),
        tls_ca_cert_file=str(tmp_path / "ca.pem"),
        tls_auth_clients="no",
    )
    url = server.url.replace("redis:", "rediss:")
    known = await at(server, url=url, ca_file=tmp_path / "ca.pem")
    assert known.outcome is Outcome.OK, known.detail
    assert stage_names(known) == ["dns", "connect", "tls", *EVERYTHING[2:]]
    unknown = await at(server, url=url, ca_file=tmp_path / "stranger.pem")
    assert verdict(unknown) == (Reason.TLS, "tls", None, None)


@pytest.mark.parametrize(
    ("settings", "thresholds", "words"),
    [
        ({"maxmemory": "100mb"}, {"used_memory_over": 0.001}, "of maxmemory, over 0%"),
        ({"maxclients": 10}, {"clients_over": 0.1}, "of maxclients, over 10%"),
        ({}, {"replicas_under": 2}, "replicas is 0, under 2"),
    ],
)
async def test_a_threshold_crossed_degrades_and_does_not_fail(
    start: Start, settings: dict[str, Any], thresholds: dict[str, Any], words: str
) -> None:
    observation = await at(start(**settings), **thresholds)
    assert (observation.outcome, observation.reason, observation.stage) == (Outcome.SLOW, Reason.THRESHOLD, "info")
    assert words in observation.detail


async def test_evictions_and_forks_have_thresholds(start: Start) -> None:
    server = start(maxmemory="3mb", maxmemory_policy="allkeys-random")
    server.ask("DEBUG", "POPULATE", 50000)
    server.ask("SET", "one", "more")
    server.ask("BGSAVE")
    until(lambda: "rdb_bgsave_in_progress:0" in server.ask("INFO", "persistence"), "the snapshot")
    # The count of evictions stays; no further one may take the probe's own key between its SET and its GET.
    server.ask("CONFIG", "SET", "maxmemory", "0")
    observation = await at(server, evicted_keys_over=10, fork_ms_over=0.001)
    assert observation.reason is Reason.THRESHOLD
    assert "evicted_keys is" in observation.detail
    assert "latest_fork_ms is" in observation.detail


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "redis://user:pw@host/"}, "must not hold a user or password"),
        ({"url": "redis://host/zero"}, "a database number and nothing else"),
        ({"url": "redis://host/0?password=x"}, "a database number and nothing else"),
        ({"username": "probe"}, "username needs password"),
        ({"password": "in the open"}, "secrets are never written here"),
        ({"used_memory_over": 90}, "used_memory_over"),
        ({"key_prefix": "with space"}, "key_prefix"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        redis.Config(**{"url": "redis://127.0.0.1", **options})
