"""Whether a bucket is open to the public, by what the bucket and its account say.

Amazon S3 applies the stricter of the bucket's block of public access and the account's: a public policy is
restrained by RestrictPublicBuckets, a public access control list by IgnorePublicAcls, on either of the two.
"""

from collections.abc import Callable

from auditwright.control_tests._three_valued import Fact, both, either, opposite
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import PublicAccessBlock, PublicAccessSetting, StorageBucket

_Block = PublicAccessBlock | Unknown | None


def ways_in(bucket: StorageBucket, settings: Related[PublicAccessSetting]) -> tuple[str, ...] | Unknown:
    """What opens the bucket to the public, in words; Unknown where nothing seen does and something unseen may."""
    blocks = (bucket.block, _account_block(bucket, settings))
    restricted = _on_either(blocks, lambda block: block.restrict_public_buckets)
    ignored = _on_either(blocks, lambda block: block.ignore_public_acls)
    ways = (
        ("policy", both(opposite(restricted), bucket.public_by_policy)),
        ("access control list", both(opposite(ignored), bucket.public_by_acl)),
    )
    open_ways = tuple(way for way, is_open in ways if is_open is True)
    if open_ways:
        return open_ways
    return next((is_open for _, is_open in ways if isinstance(is_open, Unknown)), ())


def _account_block(bucket: StorageBucket, settings: Related[PublicAccessSetting]) -> _Block:
    for setting in settings:
        if (setting.scope.source, setting.scope.account) == (bucket.scope.source, bucket.scope.account):
            return setting.block
    # Every account has a setting, if only to say that it has no block: one that is missing was not seen.
    return settings.absence() or Unknown(
        f"the block of public access of account {bucket.scope.account} was not seen"
    )


def _on_either(blocks: tuple[_Block, _Block], switch: Callable[[PublicAccessBlock], bool]) -> Fact:
    of_bucket, of_account = (
        block if isinstance(block, Unknown) else block is not None and switch(block) for block in blocks
    )
    return either(of_bucket, of_account)
