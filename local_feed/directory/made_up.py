"""The directory of the made-up organization, as its history's events leave it."""

from local_feed.directory.state import Directory
from local_feed.history.chronicle import FOREVER, Chronicle
from local_feed.history.ids import opaque
from local_feed.instants import to_text


def directory_key_id(seed: int) -> str:
    """The id under which the server's directory key acts."""
    return opaque("apikey", seed, "audit key")


def made_up_directory(chronicle: Chronicle) -> Directory:
    """The directory at the end of a history."""
    directory = Directory()
    for organization in chronicle.cast.organizations[:3]:
        directory.add("organizations", uuid=organization.uuid, name=organization.name)
    for stay in chronicle.stays:
        if stay.until == FOREVER:
            directory.add_member(
                stay.organization.uuid,
                stay.person.user_id,
                email=stay.person.emails[-1][1],
                name=stay.person.name,
                added_at=to_text(stay.since),
            )
    return directory
