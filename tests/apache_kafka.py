"""A real Apache Kafka on this machine: one process, broker and controller, on loopback ports."""

import fcntl
import signal
import subprocess
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from nova.engines import choices
from nova.engines import process as processes
from nova.engines.process import Process

VERSION = "4.3.1"
CACHE = Path.home() / ".cache" / "nova"
DOWNLOAD_TIMEOUT = 600
START_TIMEOUT = 90.0
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nova</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
  </dependencies>
</project>
"""
SETTINGS = """process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{address},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{address}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={controller}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


class ApacheKafka:
    """Killed and started again, it keeps its address and its data."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{choices.free_port()}"
        self.log = folder / "kafka.log"
        self._config = folder / "server.properties"
        controller = f"127.0.0.1:{choices.free_port()}"
        self._config.write_text(SETTINGS.format(address=self.address, controller=controller, data=folder / "data"))
        self._java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{_libraries()}/*"]
        self._process = Process("kafka", [*self._java, "kafka.Kafka", str(self._config)], self._answers)
        self._running: subprocess.Popen[bytes] | None = None
        cluster = "bm92YS10ZXN0cy1rYWZrYQ"  # 16 bytes in base64, any will do
        self._run("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(self._config))

    def start(self) -> None:
        self._running = processes.start(self._process, self.log)
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            assert self._running.poll() is None and time.monotonic() < deadline, self.log.read_text()[-3000:]

    def kill(self) -> None:
        """As when the machine loses power."""
        assert self._running is not None
        self._running.send_signal(signal.SIGKILL)
        self._running.wait()

    def hang(self) -> None:
        """It takes connections and says nothing."""
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._running:
            self.kill()

    def _answers(self) -> bool:
        try:
            return bool(AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self._java, *command], capture_output=True, text=True, timeout=START_TIMEOUT)
        assert done.returncode == 0, done.stdout + done.stderr


def _libraries() -> Path:
    """The folder of Kafka's jar files, fetched once per machine. Whoever comes second waits for the first."""
    libraries = CACHE / f"kafka-{VERSION}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not libraries.is_dir():
            _fetch(libraries)
    return libraries


def _fetch(libraries: Path) -> None:
    project = CACHE / "kafka-fetching"
    project.mkdir(exist_ok=True)
    (project / "pom.xml").write_text(POM)
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars", "-DincludeScope=runtime"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT)
    if done.returncode:
        pytest.skip(f"Maven cannot fetch Apache Kafka {VERSION}: {done.stdout[:300]}")
    (project / "jars").rename(libraries)  # complete or not there
