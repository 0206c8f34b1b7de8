"""Object storage: buckets, who can reach them, and the account's own block of public access.

Requests grow with the number of buckets, so what cannot matter is not asked:

1. The region comes with the listing. Where an endpoint leaves it out, it is asked which buckets it has in a few
   large regions, and GetBucketLocation for the buckets that are in none of them.
2. GetPublicAccessBlock of a bucket is asked only where the account's own block leaves something open, and where
   something of the bucket's may be open: it has a policy, or its access control list opens it.
3. GetBucketPolicyStatus is asked only of a bucket with a policy, and only where no block restricts public policies.
4. GetBucketAcl is asked only where no block ignores public access control lists: of a bucket without a policy
   before its block, because most lists open nothing and then the block is moot.
5. Tags are asked once for each region, through the tagging API, not once for each bucket.

What was not asked for these reasons is Unknown with the reason; who judges a bucket looks at the blocks first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, cast

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import PublicAccessBlock, PublicAccessSetting, StorageBucket
from auditwright.integrations.aws.documents import document_text
from auditwright.integrations.aws.iam import policy_document, words
from auditwright.integrations.aws.operations import ACCOUNT, Ask, AwsStream, Detail, Listing, Single
from auditwright.integrations.aws.reading import Answers, Row

_NO_BLOCK: Final = ("NoSuchPublicAccessBlockConfiguration",)

BUCKETS: Final = Listing(
    service="s3",
    method="ListBuckets",
    lists=(StorageBucket,),
    items=("Buckets",),
    permission="s3:ListAllMyBuckets",
    # S3 names each bucket's region only in answers to paginated requests.
    page_size=1_000,
)
ACCOUNT_BLOCK: Final = Single(
    service="s3control",
    method="GetPublicAccessBlock",
    parameters={"AccountId": ACCOUNT},
    permission="s3:GetAccountPublicAccessBlock",
    absent=_NO_BLOCK,
)


def _name(bucket: Row) -> str:
    return bucket.required_text("Name")


LARGE_REGIONS: Final = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
"""Where most buckets are. With two or more it shows whether an endpoint heeds the region that it is asked about."""


def _large_region_asks(answers: Answers) -> Iterator[Ask]:
    unnamed = sum(not bucket.has("BucketRegion") for bucket in answers.items(BUCKETS))
    # Other partitions do not have these regions.
    if unnamed > len(LARGE_REGIONS) and answers.partition == "aws":
        for region in LARGE_REGIONS:
            yield Ask(parameters={"BucketRegion": region})


IN_REGION: Final = Detail(
    service="s3",
    method="ListBuckets",
    permission="s3:ListAllMyBuckets",
    parameters={"MaxBuckets": 1_000},
    items=("Buckets",),
    asks=_large_region_asks,
)
"""The buckets of one region: a few questions instead of one for each bucket."""


def _listed_in(answers: Answers) -> Mapping[str, str]:
    """The region in whose list a bucket is; none where a bucket is in two, because the lists then say nothing."""
    listed: dict[str, str] = {}
    answered = [call for call in answers.calls(IN_REGION) if call.answer is not None]
    for call in answered:
        region = call.parameters["BucketRegion"]
        for bucket in call.answer.rows_or_empty("Buckets") if call.answer is not None else ():
            if _name(bucket) in listed or not isinstance(region, str):
                # Lists of two regions share no bucket, unless the endpoint lists all whatever it is asked.
                return {}
            listed[_name(bucket)] = region
    # A single list may be that of all buckets as well.
    return listed if len(answered) > 1 else {}


def _location_asks(answers: Answers) -> Iterator[Ask]:
    listed = _listed_in(answers)
    for bucket in answers.items(BUCKETS):
        if not bucket.has("BucketRegion") and _name(bucket) not in listed:
            yield Ask(parameters={"Bucket": _name(bucket)})


LOCATION: Final = Detail(service="s3", method="GetBucketLocation", asks=_location_asks)


def _regions(answers: Answers) -> Mapping[str, str | Unknown]:
    """The region of each bucket."""
    listed = _listed_in(answers)
    return {_name(bucket): _region(answers, bucket, listed) for bucket in answers.items(BUCKETS)}


def _region(answers: Answers, bucket: Row, listed: Mapping[str, str]) -> str | Unknown:
    named = bucket.text("BucketRegion")
    if not isinstance(named, Unknown):
        return named
    if _name(bucket) in listed:
        return listed[_name(bucket)]
    location = answers.detail(LOCATION, Bucket=_name(bucket))
    if location is None or isinstance(location, Unknown):
        return named if location is None else location
    constraint = location.text_or_none("LocationConstraint")
    # S3: null is us-east-1, and EU is eu-west-1 in answers about old buckets.
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(constraint, constraint) or "us-east-1"


def _each_bucket(needed: Callable[[Answers, str], bool]) -> Callable[[Answers], Iterator[Ask]]:
    def asks(answers: Answers) -> Iterator[Ask]:
        for bucket, region in _regions(answers).items():
            if needed(answers, bucket):
                # S3 answers about a bucket in the bucket's own region; elsewhere it costs a redirection.
                yield Ask(parameters={"Bucket": bucket}, region="" if isinstance(region, Unknown) else region)

    return asks


POLICY: Final = Detail(
    service="s3",
    method="GetBucketPolicy",
    absent=("NoSuchBucketPolicy",),
    asks=_each_bucket(lambda _answers, _bucket: True),
)


def _has_no_policy(answers: Answers, bucket: str) -> bool:
    return answers.detail(POLICY, Bucket=bucket) is None


BLOCK: Final = Detail(
    service="s3",
    method="GetPublicAccessBlock",
    permission="s3:GetBucketPublicAccessBlock",
    absent=_NO_BLOCK,
    asks=_each_bucket(
        lambda answers, bucket: not _all_blocked(answers) and not _has_no_policy(answers, bucket)
    ),
)
"""Of buckets that have a policy, or may have one."""


def _policy_status_matters(answers: Answers, bucket: str) -> bool:
    return isinstance(answers.detail(POLICY, Bucket=bucket), Row) and not _blocked(
        answers, bucket, _restricts_policies
    )


def _acl_matters(answers: Answers, bucket: str) -> bool:
    return not _blocked(answers, bucket, _ignores_acls)


POLICY_STATUS: Final = Detail(
    service="s3",
    method="GetBucketPolicyStatus",
    absent=("NoSuchBucketPolicy",),
    asks=_each_bucket(_policy_status_matters),
)
ACL: Final = Detail(service="s3", method="GetBucketAcl", asks=_each_bucket(_acl_matters))


def _opened_by_its_list_alone(answers: Answers, bucket: str) -> bool:
    return (
        _has_no_policy(answers, bucket)
        and _acl_matters(answers, bucket)
        and _opens(answers.detail(ACL, Bucket=bucket)) is not False
    )


BLOCK_OF_OPENED: Final = Detail(
    service="s3",
    method="GetPublicAccessBlock",
    permission="s3:GetBucketPublicAccessBlock",
    # S3 answers the owner alone. It also tells this question from the one above.
    parameters={"ExpectedBucketOwner": ACCOUNT},
    absent=_NO_BLOCK,
    asks=_each_bucket(_opened_by_its_list_alone),
)
"""Of buckets without a policy, whose access control list opens them or was not seen."""


def _tag_asks(answers: Answers) -> Iterator[Ask]:
    regions = set(_regions(answers).values())
    for region in sorted(region for region in regions if isinstance(region, str)):
        yield Ask(parameters={}, region=region, subject=region)


TAGS: Final = Detail(
    service="resourcegroupstaggingapi",
    method="GetResources",
    items=("ResourceTagMappingList",),
    parameters={"ResourceTypeFilters": ["s3"]},
    permission="tag:GetResources",
    asks=_tag_asks,
)


def _restricts_policies(block: PublicAccessBlock) -> bool:
    return block.restrict_public_buckets


def _ignores_acls(block: PublicAccessBlock) -> bool:
    return block.ignore_public_acls


def _blocked(answers: Answers, bucket: str, rule: Callable[[PublicAccessBlock], bool]) -> str:
    """Which block makes a question moot, such as `the account's block`; empty where none is known to."""
    for whose, block in (
        ("the account's", _account_block(answers)),
        ("the bucket's own", _bucket_block(answers, bucket)),
    ):
        if isinstance(block, PublicAccessBlock) and rule(block):
            return f"{whose} public access block"
    return ""


def _all_blocked(answers: Answers) -> bool:
    """Whether the account's own block is on in full, so that no bucket's can add to it."""
    block = _account_block(answers)
    return block == PublicAccessBlock(
        block_public_acls=True,
        ignore_public_acls=True,
        block_public_policy=True,
        restrict_public_buckets=True,
    )


def _account_block(answers: Answers) -> PublicAccessBlock | Unknown | None:
    return _block(answers.one(ACCOUNT_BLOCK))


def _bucket_block(answers: Answers, bucket: str) -> PublicAccessBlock | Unknown | None:
    found = _block(answers.detail(BLOCK, Bucket=bucket))
    if isinstance(found, Unknown):
        found = _block(answers.detail(BLOCK_OF_OPENED, Bucket=bucket))
    if not isinstance(found, Unknown):
        return found
    if _all_blocked(answers):
        return Unknown("not asked: the account's public access block is on in full")
    if _has_no_policy(answers, bucket) and _opens(answers.detail(ACL, Bucket=bucket)) is False:
        return Unknown("not asked: the bucket has no policy, and its access control list does not open it")
    return found


def _block(answer: Row | Unknown | None) -> PublicAccessBlock | Unknown | None:
    if answer is None or isinstance(answer, Unknown):
        return answer
    switches = answer.row("PublicAccessBlockConfiguration")
    if isinstance(switches, Unknown):
        return switches
    # S3: a switch that the configuration leaves out is off.
    return PublicAccessBlock(
        block_public_acls=switches.boolean("BlockPublicAcls") is True,
        ignore_public_acls=switches.boolean("IgnorePublicAcls") is True,
        block_public_policy=switches.boolean("BlockPublicPolicy") is True,
        restrict_public_buckets=switches.boolean("RestrictPublicBuckets") is True,
    )


def normalize(answers: Answers) -> Iterable[Resource]:
    """The account's setting and its buckets."""
    setting = answers.one(ACCOUNT_BLOCK)
    if not isinstance(setting, Unknown):
        yield PublicAccessSetting(
            id=ResourceId(f"aws:{answers.account}:s3-public-access-block"),
            name="public access block of the account",
            scope=answers.scope,
            evidence=answers.digests(ACCOUNT_BLOCK),
            block=_block(setting),
        )
    elif answers.collected(BUCKETS):
        yield PublicAccessSetting(
            id=ResourceId(f"aws:{answers.account}:s3-public-access-block"),
            name="public access block of the account",
            scope=answers.scope,
            evidence=answers.digests(BUCKETS),
            block=setting,
        )
    tags, listed = _tags(answers), _listed_in(answers)
    for bucket in answers.items(BUCKETS):
        yield _bucket(answers, bucket, tags, listed)


def _bucket(
    answers: Answers, row: Row, tags: Mapping[str, tuple[tuple[str, str], ...]], listed: Mapping[str, str]
) -> StorageBucket:
    name = _name(row)
    arn = f"arn:{answers.partition}:s3:::{name}"
    region = _region(answers, row, listed)
    policy = answers.detail(POLICY, Bucket=name)
    return StorageBucket(
        id=ResourceId(arn),
        name=name,
        scope=answers.scope,
        evidence=_evidence(answers, row, listed),
        region=region,
        block=_bucket_block(answers, name),
        public_by_policy=_public_by_policy(answers, name, policy),
        public_by_acl=_public_by_acl(answers, name),
        tls_only=_tls_only(policy, arn),
        policy=document_text(policy.fields.get("Policy")) if isinstance(policy, Row) else policy,
        tags=_tags_of(answers, arn, region, tags),
    )


def _evidence(answers: Answers, row: Row, listed: Mapping[str, str]) -> tuple[Digest, ...]:
    where = (
        ()
        if row.has("BucketRegion")
        else answers.spoke_of(IN_REGION, BucketRegion=listed.get(_name(row), ""))
    )
    spoke = (
        digest
        for question in (LOCATION, POLICY, BLOCK, POLICY_STATUS, ACL, BLOCK_OF_OPENED)
        for digest in answers.spoke_of(question, Bucket=_name(row))
    )
    return tuple(dict.fromkeys((row.digest, *where, *spoke)))


def _public_by_policy(answers: Answers, bucket: str, policy: Row | Unknown | None) -> bool | Unknown:
    if policy is None:
        return False
    if isinstance(policy, Unknown):
        return policy
    status = answers.detail(POLICY_STATUS, Bucket=bucket)
    if status is None:
        return False
    if isinstance(status, Unknown):
        blocked = _blocked(answers, bucket, _restricts_policies)
        return Unknown(f"not asked: {blocked} restricts public policies anyway") if blocked else status
    verdict = status.row("PolicyStatus")
    return verdict if isinstance(verdict, Unknown) else verdict.boolean("IsPublic")


_EVERYBODY: Final = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


def _public_by_acl(answers: Answers, bucket: str) -> bool | Unknown:
    acl = answers.detail(ACL, Bucket=bucket)
    if isinstance(acl, Unknown):
        blocked = _blocked(answers, bucket, _ignores_acls)
        return Unknown(f"not asked: {blocked} ignores public access control lists anyway") if blocked else acl
    return _opens(acl)


def _opens(acl: Row | Unknown | None) -> bool | Unknown:
    """Whether an access control list opens a bucket to the public."""
    if acl is None:
        return Unknown("AWS gives every bucket an access control list, but answered that there is none")
    if isinstance(acl, Unknown):
        return acl
    grants = acl.rows("Grants")
    if isinstance(grants, Unknown):
        return grants
    grantees = [grant.row_or_none("Grantee") for grant in grants]
    return any(grantee is not None and grantee.text("URI") in _EVERYBODY for grantee in grantees)


def _tags(answers: Answers) -> Mapping[str, tuple[tuple[str, str], ...]]:
    return {
        row.required_text("ResourceARN"): row.tags()
        for call in answers.calls(TAGS)
        if call.answer is not None
        for row in call.answer.rows_or_empty("ResourceTagMappingList")
    }


def _tags_of(
    answers: Answers,
    arn: str,
    region: str | Unknown,
    tags: Mapping[str, tuple[tuple[str, str], ...]],
) -> tuple[tuple[str, str], ...] | Unknown:
    found = tags.get(arn)
    if found is not None:
        return found
    # AWS: the tagging API lists what has, or had, tags. Not listed in its region means: no tags.
    refused = answers.gap(TAGS)
    if refused is not None:
        return refused
    if isinstance(region, Unknown):
        return Unknown(f"tags are asked by region, and {region.why}")
    return () if answers.collected(TAGS) else answers.why_unknown(TAGS)


# --- TLS -----------------------------------------------------------------------------------------------------


def _tls_only(policy: Row | Unknown | None, arn: str) -> bool | Unknown:
    if policy is None:
        return False
    if isinstance(policy, Unknown):
        return policy
    document = policy_document(policy.fields.get("Policy"))
    if isinstance(document, Unknown):
        return document
    entries = document.get("Statement")
    listed = cast("list[object]", entries) if isinstance(entries, list) else [entries]
    covered: set[str] = set()
    for entry in listed:
        if isinstance(entry, dict):
            covered |= _denied_over_http(cast("dict[str, object]", entry), arn)
    return covered == {arn, f"{arn}/*"}


def _denied_over_http(statement: Mapping[str, object], arn: str) -> set[str]:
    """Which of the bucket and its objects a statement closes to everybody over plain HTTP; nothing may narrow it."""
    narrowed = {"NotPrincipal", "NotAction", "NotResource"} & set(statement)
    if statement.get("Effect") != "Deny" or narrowed or not _everybody(statement.get("Principal")):
        return set()
    actions = words(statement.get("Action")) or ()
    if not any(action.lower() in ("*", "s3:*") for action in actions):
        return set()
    if not _only_plain_http(statement.get("Condition")):
        return set()
    covered: set[str] = set()
    for resource in words(statement.get("Resource")) or ():
        if resource in ("*", f"{arn}*", "arn:aws:s3:::*"):
            covered |= {arn, f"{arn}/*"}
        elif resource in (arn, f"{arn}/*"):
            covered.add(resource)
    return covered


def _everybody(principal: object) -> bool:
    if isinstance(principal, dict):
        named = cast("dict[str, object]", principal)
        # A list of principals with a star in it is everybody as well.
        return "*" in (words(named.get("AWS")) or ())
    return principal == "*"


def _only_plain_http(condition: object) -> bool:
    """Exactly `Bool: {aws:SecureTransport: false}`: a further condition would let some plain HTTP through."""
    if not isinstance(condition, dict) or len(condition) != 1:
        return False
    operator, tests = next(iter(cast("dict[str, object]", condition).items()))
    if operator.lower() not in ("bool", "boolifexists") or not isinstance(tests, dict) or len(tests) != 1:
        return False
    key, value = next(iter(cast("dict[str, object]", tests).items()))
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return key.lower() == "aws:securetransport" and [str(item).lower() for item in values] == ["false"]


STREAM: Final = AwsStream(
    id=StreamId("aws.s3"),
    title="Object storage",
    regional=False,
    operations=(
        BUCKETS,
        ACCOUNT_BLOCK,
        IN_REGION,
        LOCATION,
        POLICY,
        BLOCK,
        POLICY_STATUS,
        ACL,
        BLOCK_OF_OPENED,
        TAGS,
    ),
    emits=(StorageBucket, PublicAccessSetting),
    normalize=normalize,
)
