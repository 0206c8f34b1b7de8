"""Whether the public can reach a bucket, by what the bucket and its account say."""

from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import PublicAccessBlock, PublicAccessSetting, StorageBucket

Block = PublicAccessBlock | Unknown | None


def closed_to_public(bucket: StorageBucket, settings: Related[PublicAccessSetting]) -> Outcome:
    """Satisfied where neither the policy nor the access control list opens the bucket past the blocks."""
    blocks = (bucket.block, _account_block(bucket, settings))
    ways = (
        ("policy", "restrict_public_buckets", bucket.public_by_policy),
        ("access control list", "ignore_public_acls", bucket.public_by_acl),
    )
    doubts: list[Unknown] = []
    for way, switch, is_public in ways:
        # Amazon S3 applies the stricter of the bucket's and the account's block.
        held = [block if isinstance(block, Unknown) else _is_on(block, switch) for block in blocks]
        if is_public is False or True in held:
            continue
        unknown = next((fact for fact in (is_public, *held) if isinstance(fact, Unknown)), None)
        if unknown is None:
            return Deviation(f"the {way} of the bucket {bucket.name} opens it to the public")
        doubts.append(unknown)
    return Undetermined(doubts[0].why) if doubts else Satisfied()


def _is_on(block: PublicAccessBlock | None, switch: str) -> bool:
    return block is not None and bool(getattr(block, switch))


def _account_block(bucket: StorageBucket, settings: Related[PublicAccessSetting]) -> Block:
    for setting in settings:
        if setting.scope.account == bucket.scope.account:
            return setting.block
    # Every collected account has a setting, if only to say that there is no block.
    return settings.absence() or Unknown(
        f"the block of public access of account {bucket.scope.account} was not seen"
    )
