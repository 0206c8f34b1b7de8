"""Load a framework from its folder of TOML files, and select the criteria that are in scope.

A folder holds `framework.toml` with the categories and groups, and one file per category with its
criteria. Files are read in the order of the categories, so that criteria keep the framework's order.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from auditwright.core.definition import DefinitionError, Table, UnknownIdError, read_table
from auditwright.core.framework import Category, Criterion, CriterionGroup, Framework
from auditwright.core.ids import CategoryId, CriterionId

FRAMEWORK_FILE = "framework.toml"
"""A folder with this file is a framework."""


class UnknownFrameworkError(UnknownIdError):
    """A framework that does not ship with Auditwright."""


class UnknownCategoryError(UnknownIdError):
    """A category that the framework does not have."""


def available_frameworks() -> tuple[str, ...]:
    """The ids of the frameworks that ship with Auditwright, sorted."""
    folders = resources.files(__package__).iterdir()
    return tuple(sorted(folder.name for folder in folders if folder.joinpath(FRAMEWORK_FILE).is_file()))


@cache
def load_framework(framework_id: str) -> Framework:
    """Load a shipped framework, such as `soc2`; raises UnknownFrameworkError."""
    known = available_frameworks()
    # The id becomes a folder's name only once it is known to be one.
    if framework_id not in known:
        raise UnknownFrameworkError(
            what="framework", unknown=framework_id, named_in="the framework to load", known=known
        )
    return read_framework(resources.files(__package__).joinpath(framework_id))


def read_framework(folder: Traversable) -> Framework:
    """Read a framework from a folder; raises DefinitionError naming the file and the entry."""
    head = _read(folder, FRAMEWORK_FILE)
    head.only("id", "title", "version", "category", "group")
    categories = _categories(head)
    groups = _groups(head, {category.id for category in categories})
    criteria = _criteria(folder, categories, {group.id: group for group in groups})
    _refuse_empty_groups(head, groups, criteria)
    return Framework(
        id=head.text("id"),
        title=head.text("title"),
        version=head.text("version"),
        categories=categories,
        groups=groups,
        criteria=criteria,
    )


def criteria_in_scope(framework: Framework, categories: Iterable[str]) -> tuple[Criterion, ...]:
    """The criteria of these categories and of those that are always in scope, in the framework's order.

    Raises UnknownCategoryError for a category that the framework does not have.
    """
    known = [category.id for category in framework.categories]
    chosen = {category.id for category in framework.categories if category.required}
    for name in categories:
        if name not in known:
            raise UnknownCategoryError(
                what="category", unknown=name, named_in=f"the scope of {framework.title}", known=known
            )
        chosen.add(CategoryId(name))
    return tuple(criterion for criterion in framework.criteria if criterion.category in chosen)


def _read(folder: Traversable, name: str) -> Table:
    file = folder.joinpath(name)
    where = f"{folder.name}/{name}"
    if not file.is_file():
        message = f"{where}: the file is missing; a framework has {FRAMEWORK_FILE} and one file per category"
        raise DefinitionError(message)
    return read_table(file.read_bytes(), file=where)


def _categories(head: Table) -> tuple[Category, ...]:
    categories: dict[CategoryId, Category] = {}
    for table in head.tables("category"):
        table.only("id", "title", "description", "required")
        category = Category(
            id=CategoryId(table.text("id")),
            title=table.text("title"),
            description=table.text("description"),
            required=table.flag("required", default=False),
        )
        if not category.id.isidentifier():
            # The id names the category's file, so it must not be able to name another folder.
            raise table.error(f"the category id {category.id!r} must be letters, digits, and underscores")
        if category.id in categories:
            raise table.error(f"the category {category.id!r} is defined twice; remove one")
        categories[category.id] = category
    return tuple(categories.values())


def _groups(head: Table, categories: set[CategoryId]) -> tuple[CriterionGroup, ...]:
    groups: dict[str, CriterionGroup] = {}
    for table in head.tables("group"):
        table.only("id", "category", "title")
        category = CategoryId(table.text("category"))
        if category not in categories:
            raise UnknownCategoryError(
                what="category", unknown=category, named_in=table.where, known=categories
            )
        group = CriterionGroup(id=table.text("id"), category=category, title=table.text("title"))
        if group.id in groups:
            raise table.error(f"the group {group.id!r} is defined twice; remove one")
        groups[group.id] = group
    return tuple(groups.values())


def _criteria(
    folder: Traversable, categories: tuple[Category, ...], groups: dict[str, CriterionGroup]
) -> tuple[Criterion, ...]:
    criteria: dict[CriterionId, Criterion] = {}
    for category in categories:
        page = _read(folder, f"{category.id}.toml")
        page.only("category", "criterion")
        if page.text("category") != category.id:
            raise page.error(f"the file is for the category {category.id!r}; its category must say so")
        for table in page.tables("criterion"):
            criterion = _criterion(table, category.id, groups)
            if criterion.id in criteria:
                raise table.error(f"the criterion {criterion.id!r} is defined twice; remove one")
            criteria[criterion.id] = criterion
    return tuple(criteria.values())


def _criterion(table: Table, category: CategoryId, groups: dict[str, CriterionGroup]) -> Criterion:
    table.only("id", "group", "title", "meaning", "typical_evidence")
    criterion_id = table.text("id")
    group_id = table.text("group")
    group = groups.get(group_id)
    if group is None:
        raise UnknownIdError(what="group", unknown=group_id, named_in=table.where, known=groups)
    if group.category != category:
        raise table.error(f"the group {group_id!r} belongs to {group.category}, not to {category}")
    if not criterion_id.startswith(f"{group_id}."):
        raise table.error(f"the criterion {criterion_id!r} is not numbered within its group {group_id!r}")
    return Criterion(
        id=CriterionId(criterion_id),
        category=category,
        group=group_id,
        title=table.text("title"),
        meaning=table.text("meaning"),
        typical_evidence=table.text("typical_evidence"),
    )


def _refuse_empty_groups(
    head: Table, groups: tuple[CriterionGroup, ...], criteria: tuple[Criterion, ...]
) -> None:
    used = {criterion.group for criterion in criteria}
    for group in groups:
        if group.id not in used:
            raise head.error(f"the group {group.id!r} has no criterion; add one or remove the group")
