"""From the topic to a queue: what was priced is to be packed."""

from hand_over import hand_over
from queues import PARCELS, TOPIC_FOR_PACKING


def pack(order):
    return {name: order[name] for name in ("id", "customer", "pieces")}


if __name__ == "__main__":
    try:
        hand_over(TOPIC_FOR_PACKING, PARCELS, pack)
    except KeyboardInterrupt:
        pass
