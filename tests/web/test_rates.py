"""One address cannot keep the server busy, and cannot slow another."""

from auditwright.web.safety.rates import MAX_ADDRESSES, Buckets


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_burst_is_answered_and_what_is_above_it_waits_for_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(rate_per_s=2, burst=3, clock=clock)
    assert [buckets.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.at = 0.5
    assert buckets.wait_s("a") == 0
    assert buckets.wait_s("a") > 0


def test_one_address_does_not_slow_another() -> None:
    buckets = Buckets(rate_per_s=1, burst=1, clock=Clock())
    assert buckets.wait_s("a") == 0
    assert buckets.wait_s("a") > 0
    assert buckets.wait_s("b") == 0


def test_what_is_remembered_is_bounded() -> None:
    buckets = Buckets(rate_per_s=1, burst=1, clock=Clock())
    assert {buckets.wait_s(str(address)) for address in range(MAX_ADDRESSES + 10)} == {0}
    assert buckets.wait_s("0") == 0  # forgotten, so that it begins anew
    assert buckets.wait_s(str(MAX_ADDRESSES + 9)) > 0
