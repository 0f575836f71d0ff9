"""`aegis verdict`: what a person says of a tag, which no model overrules."""

from __future__ import annotations

import getpass

import click

from aegis.reading import read
from consumer.storage.reads import TagReader
from consumer.storage.verdicts import Verdict, category_of, record_verdict, withdraw_verdict

_SAID = {
    Verdict.CONFIRMED: "is right, says",
    Verdict.REJECTED: "is wrong, says",
    Verdict.ADDED: "was missing, says",
}


@click.command("verdict")
@click.argument("asset_id")
@click.argument("tag")
@click.option("--confirm", "said", flag_value="confirmed", help="The tag is right.")
@click.option("--reject", "said", flag_value="rejected", help="The tag is wrong; it no longer counts.")
@click.option("--add", "said", flag_value="added", help="The tag is missing; needs --category.")
@click.option("--withdraw", "said", flag_value="withdraw", help="Forget what was said; the model's word counts again.")
@click.option("--category", help="Category of the tag, where its name alone does not tell.")
@click.option("--by", "decided_by", default=getpass.getuser, show_default="your login", help="Who says so.")
def command(asset_id: str, tag: str, *, said: str | None, category: str | None, decided_by: str) -> None:
    """Say whether TAG of ASSET_ID is right.

    A verdict wins over the model's word, and no later tagging, replay or removal touches it.
    """
    if said is None:
        raise click.UsageError("say what you think of it: --confirm, --reject, --add or --withdraw")

    async def decide(reader: TagReader) -> str:
        async with reader.session() as session:
            place = category or await category_of(session, asset_id, tag)
            if said == "withdraw":
                await withdraw_verdict(session, asset_id, place, tag)
            else:
                await record_verdict(session, asset_id, place, tag, Verdict(said), decided_by=decided_by)
            return place

    place = read(decide)
    sentence = "is the model's to say again" if said == "withdraw" else f"{_SAID[Verdict(said)]} {decided_by}"
    click.echo(f"{asset_id}: {tag} ({place}) {sentence}")
