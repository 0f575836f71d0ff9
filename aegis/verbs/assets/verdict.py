"""`aegis verdict`: what a person says of a tag, which no model overrules."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from consumer.reviewing.deciding import Decision
    from consumer.reviewing.desk import ReviewDesk
    from consumer.storage.tables.reads import TagReader

_SAID = {"confirmed": "is right, says", "rejected": "is wrong, says", "added": "was missing, says"}


@click.command(
    "verdict",
    cls=Verb,
    examples=(
        "aegis verdict mygame/sword.png weapon --confirm",
        "aegis verdict mygame/sword.png vehicle --reject",
        "aegis verdict mygame/sword.png metal --add",
        "aegis verdict mygame/sword.png excalibur --add --category object_types --new",
    ),
)
@click.argument("asset_id", help="Id of the asset; aegis search --text finds it.")
@click.argument("tag", help="Name of the tag.")
@click.option("--confirm", "said", flag_value="confirmed", help="Record that the tag is right.")
@click.option("--reject", "said", flag_value="rejected", help="Record that the tag is wrong; it no longer counts.")
@click.option("--add", "said", flag_value="added", help="Record a tag that the model missed.")
@click.option("--withdraw", "said", flag_value="withdrawn", help="Withdraw a verdict; the model's tag counts again.")
@click.option("--category", help="Category of the tag, where the name alone is ambiguous.")
@click.option("--new", "is_new", is_flag=True, help="Allow a tag that the taxonomy does not have; needs --category.")
@click.option("--by", "decided_by", default=getpass.getuser, show_default="your login", help="Name of the reviewer.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 600),
    default=10.0,
    show_default=True,
    help="Seconds to wait for the tables to show it.",
)
def command(
    asset_id: str,
    tag: str,
    *,
    said: str | None,
    category: str | None,
    is_new: bool,
    decided_by: str,
    wait_seconds: float,
) -> None:
    """Confirm, reject or add a tag of an asset.

    A verdict overrules the model, and no later tagging, replay or removal changes it. Confirming or adding a tag of a
    category whose tags exclude each other settles the category. It is saved as an event on asset-reviewed, which the
    sink stores; aegis verdicts shows the history.
    """
    if said is None:
        raise click.UsageError("say what your verdict is: --confirm, --reject, --add or --withdraw")
    from aegis.shared.assets.reviewing import NOT_STORED_YET, at_desk
    from consumer.reviewing.deciding import Said
    from schemas import Word

    word = Said(asset_id, tag, Word(said), decided_by, category, is_new=is_new)

    async def save(desk: ReviewDesk, _: TagReader) -> tuple[Decision, bool]:
        (decision,) = await desk.record([word])
        return decision, await desk.stored([word.event_id], timeout_seconds=wait_seconds)

    decision, is_stored = at_desk(save)
    sentence = "is the model's to say again" if said == "withdrawn" else f"{_SAID[said]} {decided_by}"
    click.echo(f"{asset_id}: {tag} ({decision.event.verdict.category}) {sentence}")
    if not is_stored and wait_seconds:
        click.echo(NOT_STORED_YET, err=True)
