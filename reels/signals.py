"""News for the apps above: they connect to these, this app never imports them. Most of it is of people who ask what is
held of them, or to be erased.

Whatever else comes to hold something of a person (vectors in Milvus, uploaded files) lets go of it in receivers of
`person_erased` and `erasure_swept`.
"""

from django.dispatch import Signal

# Sent in a transaction: delete what PostgreSQL holds of the person from before `until`. Sweeps are `thorough`. The
# request itself asks for what an index finds; it must succeed within two seconds, so a receiver leaves to the sweeps
# what others hold. Arguments: user_id, until, thorough.
person_erased = Signal()
# Sent by every sweep, after that: delete what other engines hold. A receiver that fails raises, and the next sweep
# tries again. Arguments: user_id, until.
erasure_swept = Signal()
# Asks what is held in Redis: receivers put it under a name into `held`, as JSON can hold it. Arguments: user_id, held.
export_asked = Signal()
# The cards of some videos are no longer true. Argument: video_ids.
cards_dropped = Signal()
