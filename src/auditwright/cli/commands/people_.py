"""auditwright people."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.acting import TERMINAL
from auditwright.app.errors import AppError
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown
from auditwright.core.account import Role

ROLES = tuple(role.value for role in Role if role is not Role.AUDITOR)
"""An auditor is bound to an engagement, which the page of people asks for."""


@click.group("people")
def command() -> None:
    """Invite people to the web app, list them, and end their access."""


@command.command("invite")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", type=click.Choice(ROLES), default="owner", show_default=True)
@click.option("--again", is_flag=True, help="For somebody who lost what they sign in with.")
@click.option("--url", default="http://localhost:8000", show_default=True, help="Where the site is found.")
@PROGRAM
def invite(  # noqa: PLR0913  # one parameter for each option
    email: str, name: str, role: str, again: bool, url: str, program: Path
) -> None:
    """Make a link by which somebody chooses two factors and has access from then on.

    The link counts once, for three days. It is shown here and nowhere else.
    """
    from auditwright.app.people import Guest, PeopleError
    from auditwright.app.people import invite as invited

    with open_workspace(program) as workspace:
        guest = Guest(email=email, name=name, role=Role(role), again=again)
        try:
            made = invited(workspace, guest, TERMINAL, datetime.now(UTC))
        except PeopleError as error:
            raise AppError(str(error)) from None
    click.echo(f"{url.rstrip('/')}{made.path}")
    console(stderr=True).print(
        f"{shown(made.invitation.name)} opens this link to choose two factors. It counts once, until "
        f"{made.invitation.ends_at:%d %b %Y %H:%M} UTC."
    )


@command.command("list")
@PROGRAM
@AS_JSON
def listed(program: Path, as_json: bool) -> None:
    """List who has access, and who is invited."""
    from auditwright.app.queries.people import people_page

    with open_workspace(program) as workspace:
        page = people_page(workspace, datetime.now(UTC))
    if as_json:
        print_json(
            {
                "people": [
                    {
                        "id": row.account.id,
                        "email": row.account.email,
                        "name": row.account.name,
                        "role": row.account.role.value,
                        "signs_in_with": row.how,
                        "sessions": row.sessions,
                    }
                    for row in page.people
                ],
                "invited": [
                    {"email": each.email, "name": each.name, "role": each.role.value}
                    for each in page.invitations
                ],
            }
        )
        return
    out = console()
    for row in page.people:
        out.print(
            f"{shown(row.account.name):<28} {row.account.role.value:<11} {shown(row.account.email):<36} {row.how}"
        )
    for each in page.invitations:
        out.print(f"{shown(each.name):<28} {each.role.value:<11} {shown(each.email):<36} invited")
    if not page.people and not page.invitations:
        out.print("Nobody has access yet. Begin with: auditwright people invite EMAIL --name NAME")


@command.command("end")
@click.argument("email")
@PROGRAM
def end(email: str, program: Path) -> None:
    """End somebody's access at once, with every session and token."""
    from auditwright.app.people import By, PeopleError, end_account
    from auditwright.app.signing_in.entering import account_by_email

    with open_workspace(program) as workspace:
        account = account_by_email(workspace, email)
        if account is None:
            raise AppError(f"Nobody with the email {email} has access. See: auditwright people list")
        try:
            end_account(workspace, account, By(actor=TERMINAL, now=datetime.now(UTC)))
        except PeopleError as error:
            raise AppError(str(error)) from None
    console().print(f"{shown(account.name)} has no access any more.")
