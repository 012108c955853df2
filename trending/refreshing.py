"""What the scheduler does every five minutes."""

from trending import past, publishing


def refresh(*, creators_too: bool = False) -> list[str]:
    """Publish new lists, creators when theirs are an hour old; returns the names of those it published.

    Raises ClickHouseError, DatabaseError and RedisError: what was published before stays.
    """
    past.sum_hours()
    due = [publishing.sounds, publishing.hashtags]
    if creators_too or not publishing.creators.is_fresh():
        due.append(publishing.creators)
    return [each.name for each in due if each.refresh()]


def forget_creator(creator_id: str) -> None:
    """Take somebody out of the list of creators. Raises RedisError."""
    content = publishing.creators.last()
    if content is None:
        return
    left = [each for each in content["creators"] if each["id"] != creator_id]
    if len(left) < len(content["creators"]):
        publishing.creators.publish(content | {"creators": left})
