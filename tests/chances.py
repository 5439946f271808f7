"""What chance allows, for tests that count."""

import math

LEVEL = 0.99


def interval(count: int, share: float) -> range:
    """Numbers among `count` that a binomial distribution gives with a chance of `LEVEL`."""
    if share in (0, 1):
        return range(round(count * share), round(count * share) + 1)
    chance, low, high, below = 0.0, 0, count, (1 - LEVEL) / 2
    for number in range(count + 1):
        ways = math.lgamma(count + 1) - math.lgamma(number + 1) - math.lgamma(count - number + 1)
        chance += math.exp(ways + number * math.log(share) + (count - number) * math.log1p(-share))
        if chance < below:
            low = number + 1
        if chance >= 1 - below:
            high = number
            break
    return range(low, high + 1)
