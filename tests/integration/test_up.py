"""`manage.py up`, from outside: what a newcomer sees, and what is left when it ends."""

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clickhouse_driver import Client

from nova import environment
from tests.integration.running import Nova, gone, wait_for

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def nova(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nova]:
    running = Nova(tmp_path_factory.mktemp("up") / "var", "--no-limit")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def ada(nova: Nova) -> str:
    return nova.token("demo-ada")


@pytest.fixture(scope="module")
def ben(nova: Nova) -> str:
    return nova.token("demo-ben")


def test_it_says_where_to_go(nova: Nova) -> None:
    base = f"http://127.0.0.1:{nova.port}"
    for address in (
        f"Player    {base}/",
        f"API docs  {base}/api/v1/docs",
        f"Admin     {base}/admin/",
        "curl -H",
    ):
        assert address in nova.said
    for path in ("/", "/api/v1/docs", "/api/v1/schema", "/admin/login/", "/api/v1/health"):
        with urllib.request.urlopen(base + path, timeout=10) as answer:
            assert answer.status == 200


def test_a_demo_viewer_gets_forty_ranked_videos(nova: Nova, ada: str) -> None:
    videos = nova.feed(ada)
    assert len(videos) == 40
    assert all(0 < video["ranking_score"] <= 1 for video in videos)
    assert len({video["id"] for video in videos}) == 40


def test_two_demo_viewers_get_visibly_different_feeds(nova: Nova, ada: str, ben: str) -> None:
    mine, theirs = nova.feed(ada), nova.feed(ben)
    common = {video["id"] for video in mine[:20]} & {video["id"] for video in theirs[:20]}
    assert len(common) <= 8
    top = [max({v["category"] for v in feed}, key=[v["category"] for v in feed].count) for feed in (mine, theirs)]
    assert top[0] != top[1]


def test_a_like_is_everywhere_in_five_seconds_and_its_undoing_too(nova: Nova, ada: str, ben: str) -> None:
    before = nova.feed(ada)
    video = before[5]
    _, answer = nova.request("POST", f"/reels/{video['id']}/like", ada)
    assert answer["like_count"] == video["like_count"] + 1
    assert nova.request("GET", f"/reels/{video['id']}", ben)[1]["like_count"] == video["like_count"] + 1
    after = nova.feed(ada)
    assert [(v["id"], v["ranking_score"]) for v in after] != [(v["id"], v["ranking_score"]) for v in before]
    wait_for(lambda: kinds_in_clickhouse(nova, video["id"])[-1:] == ["like"], 5)
    _, answer = nova.request("DELETE", f"/reels/{video['id']}/like", ada)
    assert answer == {"video_id": video["id"], "liked": False, "like_count": video["like_count"]}
    wait_for(lambda: kinds_in_clickhouse(nova, video["id"])[-1:] == ["unlike"], 5)


def kinds_in_clickhouse(nova: Nova, video_id: str) -> list[str]:
    """What ada did to a video, in the order of time."""
    client = Client.from_url(environment.read(nova.var / "development.env")["CLICKHOUSE_URL"])
    sql = "SELECT kind FROM engagement_events WHERE user_id = 'demo-ada' AND video_id = %(id)s ORDER BY occurred_at"
    try:
        return [kind for (kind,) in client.execute(sql, {"id": video_id})]
    finally:
        client.disconnect()


def test_a_second_one_in_the_same_folder_says_so(nova: Nova) -> None:
    second = nova.manage("up")
    assert second.returncode == 1
    assert f"Nova already runs in this folder (process {nova.process.pid})" in second.stderr


def test_other_commands_find_the_engines_without_any_variable(nova: Nova) -> None:
    status = nova.manage("engines", "status")
    assert status.returncode == 0, status.stderr
    assert status.stdout.count("answers in") == 3
    assert "Published signals" in nova.manage("refresh_signals").stdout
    exports = nova.manage("engines", "env").stdout
    assert "export CLICKHOUSE_URL=clickhouse://nova:" in exports
    assert "already running" in nova.manage("engines", "start").stdout
    refused = nova.manage("engines", "stop")
    assert (refused.returncode, "manage.py up" in refused.stderr) == (1, True)


def test_tokens_come_one_a_line_and_nothing_else(nova: Nova) -> None:
    lines = nova.manage("issue_token", "ann", "ben").stdout.splitlines()
    assert [line.count(".") for line in lines] == [2, 2]


@pytest.mark.parametrize(
    "engine", ["redis-server", "clickhouse_server", "bin/postgres", "nova.web", "celery -A nova worker"]
)
def test_what_dies_is_started_again_and_the_feed_comes_back(nova: Nova, ada: str, engine: str) -> None:
    victim = nova.engine(engine)
    assert victim is not None
    video = nova.feed(ada)[0]["id"]
    children = victim.children(recursive=True)
    victim.kill()
    wait_for(lambda: nova.engine(engine) not in (None, victim), 15)
    wait_for(lambda: gone(children), 5)
    wait_for(lambda: nova.request("GET", "/reels", ada)[0] == 200, 20)
    wait_for(lambda: nova.request("GET", "/health", ada)[1]["status"] == "ok", 20)
    # Every thread of every web worker is well again, not only the one that said so, as soon as its breaker has tried.
    wait_for(lambda: everybody_is_answered(nova, ada, video), 15)


def test_web_workers_share_what_is_imported_and_one_that_dies_is_replaced(nova: Nova, ada: str) -> None:
    web = nova.engine("nova.web")
    assert web is not None
    workers = web.children()
    assert len(workers) == 2
    for each in workers:
        memory = each.memory_full_info()
        assert memory.pss < 0.75 * memory.rss  # PSS counts what is shared in parts
    workers[0].kill()
    wait_for(lambda: len(set(web.children()) - set(workers)) == 1 and gone(workers[:1]), 20)
    wait_for(lambda: everybody_is_answered(nova, ada, nova.feed(ada)[0]["id"]), 15)


def everybody_is_answered(nova: Nova, token: str, video: str) -> bool:
    """Whether 64 likes, side by side, are all taken."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: nova.request("POST", f"/reels/{video}/like", token), range(64)))
    return all(status == 200 for status, _ in answers)


def test_secrets_are_readable_by_their_owner_alone(nova: Nova) -> None:
    for name in ("development.env", "engines.json", "keys/jwt_private.pem", "run/redis.conf"):
        assert (nova.var / name).stat().st_mode & 0o077 == 0, name


def test_no_password_is_on_a_command_line_or_in_a_log(nova: Nova) -> None:
    passwords = [each["password"] for each in json.loads((nova.var / "engines.json").read_text()).values()]
    lines = [" ".join(each.cmdline()) for each in nova.descendants()]
    logs = [path.read_text(errors="replace") for path in (nova.var / "log").iterdir()]
    assert len(passwords) == 2
    assert not any(password in text for password in passwords for text in [*lines, *logs, nova.said])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_however_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    running = Nova(tmp_path / "var", "--no-demo")
    running.wait_until_ready()
    children = running.descendants()
    assert len(children) >= 8
    status = running.stop(how)
    wait_for(lambda: gone(children), 20)
    assert status == (0 if how != signal.SIGKILL else -signal.SIGKILL)


def test_it_ends_in_good_order_while_it_is_starting(tmp_path: Path) -> None:
    running = Nova(tmp_path / "var", "--no-demo")
    wait_for(lambda: "Preparing" in running.said, 60)
    children = running.descendants()
    assert running.stop() == 0
    wait_for(lambda: gone(children), 20)


def test_a_taken_port_is_avoided(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = Nova(tmp_path / "var", "--no-demo", port=port)
        try:
            running.wait_until_ready()
            assert f"Port {port} is taken by another program" in running.said
        finally:
            running.stop()


def test_a_change_of_weights_reaches_every_worker_within_thirty_seconds(nova: Nova, ada: str) -> None:
    """Each answer may come from another worker: all of many must show the new weights."""
    staff = nova.token("demo-ada", "--admin")
    sql = "from ranking.models import WeightSet as W; W.objects.filter(is_active=True).update({}, updated_at=now())"
    shell = "from django.utils.timezone import now; " + sql
    assert nova.manage("shell", "-c", shell.format("freshness=0.05, completion=0.5")).returncode == 0
    changed = time.monotonic()
    wait_for(lambda: completion_weights(nova, staff) == {0.5}, 30)
    assert time.monotonic() - changed < 30
    assert nova.manage("shell", "-c", shell.format("freshness=0.15, completion=0.4")).returncode == 0
    wait_for(lambda: completion_weights(nova, staff) == {0.4}, 30)


def completion_weights(nova: Nova, staff: str) -> set[float]:
    """As 24 answers side by side tell them."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: nova.feed(staff, "/reels?explain=1"), range(24)))
    return {round(video["explain"]["weights"]["completion"], 6) for videos in answers for video in videos[:1]}
