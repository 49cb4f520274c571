"""From the queue to the topic: gives each order its price."""

from hand_over import hand_over
from queues import ORDERS, TOPIC

CENTS_OF_ONE = 995


def price(order):
    return {**order, "cents": order["pieces"] * CENTS_OF_ONE}


if __name__ == "__main__":
    try:
        hand_over(ORDERS, TOPIC, price)
    except KeyboardInterrupt:
        pass
