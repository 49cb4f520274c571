"""Quix Streams counts words with a state, and is killed: quix_client.py HOST:PORT PREFIX

With a guarantee and a folder as well it is the application itself, which goes on until it is killed.
"""

import os
import sys

from counter import at_least_once, count_and_kill, has_topic
from quixstreams import Application
from report import BROKER, PREFIX, step


def run(guarantee, folder):
    app = Application(
        broker_address=BROKER,
        consumer_group=f"{PREFIX}-{guarantee}",
        auto_offset_reset="earliest",
        processing_guarantee=guarantee,
        commit_interval=0.3,
        consumer_extra_config={"session.timeout.ms": 6000},
        # Each start has a transactional id of its own: what a killed one had begun ends by its time.
        producer_extra_config={"transaction.timeout.ms": 10_000},
        state_dir=folder,
        loglevel="WARNING",
    )
    words = app.topic(f"{PREFIX}-{guarantee}-in", key_deserializer="str", value_deserializer="json")
    counts = app.topic(f"{PREFIX}-{guarantee}-out", key_serializer="str", value_serializer="json")

    def count(_, state):
        total = state.get("total", 0) + 1
        state.set("total", total)
        return total

    app.dataframe(words).apply(count, stateful=True).to_topic(counts)
    app.run()


if len(sys.argv) > 3:
    run(*sys.argv[3:])
else:
    changelog = f"changelog__{PREFIX}-at-least-once--{PREFIX}-at-least-once-in--default"
    step("at least once: killed and started again", lambda: at_least_once(__file__, "at-least-once"))
    step("changelog topic", lambda: has_topic(changelog))
    step("exactly once: killed and started again", lambda: count_and_kill(__file__, "exactly-once"))
    # Its threads go on otherwise.
    os._exit(0)
