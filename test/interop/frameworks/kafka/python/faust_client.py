"""Faust counts words in a table, and is killed: faust_client.py HOST:PORT PREFIX

With a guarantee and a folder as well it is the worker itself, which goes on until it is killed.
"""

import sys

from counter import PARTITIONS, at_least_once, count_and_kill, has_topic
from report import BROKER, PREFIX, step


def run(guarantee, folder):
    import faust

    app = faust.App(
        f"{PREFIX}-{guarantee}",
        broker=f"kafka://{BROKER}",
        datadir=folder,
        store="memory://",
        topic_partitions=PARTITIONS,
        processing_guarantee=guarantee,
        broker_commit_interval=0.2,
        broker_session_timeout=6,
        broker_heartbeat_interval=1,
        stream_wait_empty=False,
        web_enabled=False,
    )
    words = app.topic(f"{PREFIX}-{guarantee}-in", value_type=str)
    counts = app.topic(f"{PREFIX}-{guarantee}-out", key_type=str, value_type=int)
    table = app.Table("counts", default=int, key_type=str, value_type=int)

    @app.agent(words)
    async def count(stream):
        async for word in stream:
            table[word] += 1
            await counts.send(key=word, key_serializer="raw", value=table[word])

    sys.argv = sys.argv[:1]
    app.finalize()
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()


if len(sys.argv) > 3:
    run(*sys.argv[3:])
else:
    changelog = f"{PREFIX}-at_least_once-counts-changelog"
    # Faust drops a record that it hands over when a rebalance begins, notes it as read and commits nothing behind it from
    # then on (`Consumer._drain_messages`): its next start reads it.
    step(
        "at least once: killed and started again",
        lambda: at_least_once(__file__, "at_least_once", restarts=3),
    )
    step("changelog topic", lambda: has_topic(changelog))
    step("exactly once: killed and started again", lambda: count_and_kill(__file__, "exactly_once"))
