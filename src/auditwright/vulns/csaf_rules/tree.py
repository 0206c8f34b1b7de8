"""What the product tree defines, and where the vulnerabilities refer to it."""

from collections.abc import Iterator, Mapping

from auditwright.vulns.csaf_rules.part import Part


def branches(root: Part) -> Iterator[tuple[Part, tuple[Part, ...]]]:
    """Every branch of the tree with the branches that it lies in, the outermost first."""
    waiting: list[tuple[Part, tuple[Part, ...]]] = [
        (branch, ()) for branch in reversed(root.each("product_tree", "branches"))
    ]
    while waiting:
        branch, above = waiting.pop()
        yield branch, above
        waiting += [(inner, (*above, branch)) for inner in reversed(branch.each("branches"))]


def products(root: Part) -> Iterator[Part]:
    """Every full product name of the tree: of branches, of the plain list, of relationships and of paths."""
    yield from root.each("product_tree", "full_product_names")
    for branch, _ in branches(root):
        if branch.has("product"):
            yield branch.at("product")
    yield from (part.at("full_product_name") for part in combined(root) if part.has("full_product_name"))


def combined(root: Part) -> tuple[Part, ...]:
    """The relationships of 2.0 and the product paths of 2.1: products made of other products."""
    return (*root.each("product_tree", "relationships"), *root.each("product_tree", "product_paths"))


def parts_of(combination: Part) -> Iterator[Part]:
    """The references by which a relationship or a product path names the products that it is made of."""
    for name in ("product_reference", "relates_to_product_reference", "beginning_product_reference"):
        if combination.has(name):
            yield combination.at(name)
    for subpath in combination.each("subpaths"):
        if subpath.has("next_product_reference"):
            yield subpath.at("next_product_reference")


def groups(root: Part) -> Mapping[str, tuple[str, ...]]:
    """The products of every product group, by the group's id."""
    return {
        group.text("group_id"): group.texts("product_ids")
        for group in root.each("product_tree", "product_groups")
    }


_STATEMENTS = (
    "ids",
    "flags",
    "involvements",
    "first_known_exploitation_dates",
    "notes",
    "remediations",
    "threats",
)
"""The lists of a vulnerability whose items may say which products they are about."""


def about(root: Part) -> Iterator[Part]:
    """Every item that may name products and groups: notes of the document and statements of the vulnerabilities."""
    yield from root.each("document", "notes")
    for vulnerability in root.each("vulnerabilities"):
        for name in _STATEMENTS:
            yield from vulnerability.each(name)


def named(item: Part, grouped: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The products that a statement is about, those of its groups with them."""
    whole = [*item.texts("product_ids")]
    for group in item.texts("group_ids"):
        whole += grouped.get(group, ())
    return tuple(dict.fromkeys(whole))


def mentions(root: Part) -> int:
    """How many products all statements name together, those of their groups with them."""
    sizes = {group: len(products) for group, products in groups(root).items()}
    return sum(
        len(item.each("product_ids")) + sum(sizes.get(group, 0) for group in item.texts("group_ids"))
        for item in about(root)
    )


def metrics(vulnerability: Part) -> tuple[Part, ...]:
    """The scores of 2.0 and the metrics of 2.1."""
    return (*vulnerability.each("scores"), *vulnerability.each("metrics"))
