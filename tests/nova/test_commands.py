"""The small commands: what they print, and what they say when something is wrong."""

import io
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import jwt as pyjwt
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from engagement import store
from nova import clickhouse_schema
from nova.api import jwt
from nova.api.jwt import Principal
from nova.clients import clickhouse, kafka_topics
from nova.clients.clickhouse import ClickHouseError
from ranking import candidates, settings
from ranking.models import FeatureFlag
from reels.models import Video

VIDEO = {"id": "clip-1", "creator_id": "cook", "title": "Soup", "created_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def fresh_keys() -> Iterator[None]:
    jwt.key_ring.forget()
    yield
    jwt.key_ring.forget()


def run(*command: object) -> str:
    """What it writes to stdout."""
    output = io.StringIO()
    call_command(*map(str, command), stdout=output)
    return output.getvalue()


def away(*args: object, **given: object) -> None:
    raise ClickHouseError("connection refused", retryable=True)


def test_tokens_are_those_of_the_people_named(fresh_keys: None) -> None:
    tokens = run("issue_token", "ann", "ben").splitlines()
    assert [jwt.verify(token) for token in tokens] == [Principal("ann"), Principal("ben")]


def test_an_admin_token_is_one_of_staff(fresh_keys: None) -> None:
    assert jwt.verify(run("issue_token", "eve", "--admin").strip()) == Principal("eve", is_admin=True)


@pytest.mark.parametrize(("options", "lifetime"), [((), 3600), (("--ttl", 60), 60)])
def test_a_token_lives_as_long_as_asked(options: tuple[object, ...], lifetime: int) -> None:
    claims = pyjwt.decode(run("issue_token", "ann", *options).strip(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == lifetime


def test_tokens_are_refused_in_production(settings: Settings) -> None:
    settings.APP_ENV = "production"
    with pytest.raises(CommandError, match="come from your identity service"):
        run("issue_token", "ann")


def test_without_a_signing_key_it_says_how_to_get_one(settings: Settings) -> None:
    settings.JWT_PRIVATE_KEY_FILE = ""
    with pytest.raises(CommandError, match=r"make run.*engines start"):
        run("issue_token", "ann")


@pytest.mark.parametrize("user", ["", "x" * 65])
def test_a_user_id_that_no_token_may_carry_is_refused(user: str) -> None:
    with pytest.raises(CommandError, match="1 to 64 characters"):
        run("issue_token", user)


@pytest.mark.parametrize("percent", ["0", "0.01", "33.33", "100"])
def test_a_flag_is_set_to_a_percentage_and_told(engines: None, percent: str) -> None:
    assert f"use_new_feed_ranking is on for {percent} % of people" in run(
        "set_flag", "use_new_feed_ranking", "--percent", percent
    )
    assert FeatureFlag.objects.get(name="use_new_feed_ranking").percent == Decimal(percent)
    assert settings.feed_flag.get().percent == Decimal(percent)


def test_a_flag_that_is_not_there_yet_is_made(engines: None) -> None:
    run("set_flag", "dark_mode", "--percent", "10")
    assert FeatureFlag.objects.get(name="dark_mode").percent == 10


@pytest.mark.parametrize("percent", ["-1", "100.01", "33.333", "all", "", "NaN", "Infinity", "1e9"])
def test_what_is_no_percentage_changes_nothing(engines: None, percent: str) -> None:
    with pytest.raises(CommandError, match=f"'{percent}' is not a percentage from 0 to 100"):
        run("set_flag", "use_new_feed_ranking", f"--percent={percent}")
    assert FeatureFlag.objects.get(name="use_new_feed_ranking").percent == 100


def test_a_bad_name_of_a_flag_is_not_called_a_bad_percentage(engines: None) -> None:
    with pytest.raises(CommandError) as refused:
        run("set_flag", "no name", "--percent", "10")
    assert "no name" in str(refused.value)
    assert "is not a percentage" not in str(refused.value)


def test_an_import_says_how_much_it_loaded_and_where_the_rest_is(tmp_path: Path, engines: None) -> None:
    path, errors = tmp_path / "videos.jsonl", io.StringIO()
    path.write_text(f"{json.dumps(VIDEO)}\nnonsense\n")
    output = io.StringIO()
    call_command("import_catalogue", path, verbosity=0, stdout=output, stderr=errors)
    assert output.getvalue() == f"Loaded 1 videos from {path}.\n"
    assert errors.getvalue() == f"1 lines were not right; the reasons are in {path}.rejects.jsonl.\n"


def test_an_empty_file_is_an_error_that_says_so(tmp_path: Path, engines: None) -> None:
    path = tmp_path / "events.jsonl"
    path.touch()
    with pytest.raises(CommandError, match=r"Nothing was loaded\. The file is empty\."):
        call_command("import_engagement", path, verbosity=0)


def test_a_folder_is_no_file(tmp_path: Path, engines: None) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_catalogue", tmp_path)


def test_an_import_without_clickhouse_says_that_it_can_be_run_again(
    tmp_path: Path, make_video: Callable[..., Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, video = tmp_path / "events.jsonl", make_video()
    event = {"user_id": "ann", "video_id": str(video.id), "kind": "like", "occurred_at": "2026-01-01T00:00:00Z"}
    path.write_text(json.dumps(event))
    with monkeypatch.context() as patched:
        patched.setattr(store, "insert", away)
        with pytest.raises(CommandError, match=r"connection refused\. Nothing is lost: run the same command again"):
            call_command("import_engagement", path, verbosity=0)
    call_command("import_engagement", path, verbosity=0)
    assert clickhouse.select("SELECT kind, count() FROM engagement_events GROUP BY kind") == [("like", 1)]


@pytest.mark.parametrize("action", ["start", "stop", "status", "env"])
def test_embedded_engines_are_refused_in_production(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    with pytest.raises(CommandError, match="Set DATABASE_URL, REDIS_URL and CLICKHOUSE_URL"):
        run("engines", action)


@pytest.mark.parametrize("action", ["status", "env"])
def test_engines_that_do_not_run_have_nothing_to_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, action: str
) -> None:
    monkeypatch.setenv("NOVA_VAR_DIR", str(tmp_path))
    with pytest.raises(CommandError, match=r"manage\.py engines start"):
        run("engines", action)


def test_stopping_engines_that_do_not_run_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOVA_VAR_DIR", str(tmp_path))
    assert run("engines", "stop") == "No engines are running in this folder.\n"


def test_migrating_clickhouse_tells_what_it_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    new = [clickhouse_schema.Migration("engagement", Path("0001_events.sql"))]
    monkeypatch.setattr(clickhouse_schema, "migrate", lambda: new)
    assert run("migrate_clickhouse") == "  Applied engagement/0001_events\n"


def test_migrating_clickhouse_again_says_that_there_is_nothing_to_do(clickhouse_schema_ready: None) -> None:
    assert run("migrate_clickhouse") == "  ClickHouse is up to date.\n"


def test_migrating_a_clickhouse_that_is_away_says_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clickhouse_schema, "migrate", away)
    with pytest.raises(CommandError, match=r"connection refused.*CLICKHOUSE_URL"):
        run("migrate_clickhouse")


def test_refreshing_signals_tells_how_many(make_video: Callable[..., Video]) -> None:
    make_video()
    assert run("refresh_signals").startswith("Published signals of 1 videos in ")


def test_refreshing_signals_in_vain_says_what_stays(engines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clickhouse, "run", away)
    monkeypatch.setattr(candidates, "build", lambda: pytest.fail("built without sums"))
    with pytest.raises(CommandError, match="The signals published before stay in use"):
        run("refresh_signals")


@pytest.mark.parametrize("command", ["create_topics", "consume_engagement", "consume_cdc"])
def test_without_kafka_its_commands_say_what_to_set(settings: Settings, command: str) -> None:
    settings.KAFKA_BROKERS = ""
    with pytest.raises(CommandError, match="KAFKA_BROKERS is not set"):
        run(command)


def test_topics_of_a_kafka_that_is_away_are_told_with_what_to_look_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KAFKA_BROKERS = "127.0.0.1:1"
    monkeypatch.setattr(kafka_topics, "TIMEOUT", 0.5)
    with pytest.raises(CommandError, match=r"Check KAFKA_BROKERS .* run this again"):
        run("create_topics")


@pytest.mark.parametrize("options", [("--batch", 0), ("--wait", 0)])
def test_a_batch_of_nothing_is_refused(settings: Settings, options: tuple[object, ...]) -> None:
    settings.KAFKA_BROKERS = "127.0.0.1:1"
    with pytest.raises(CommandError, match="--batch is a number from 1"):
        run("consume_engagement", *options)
