"""News for the floors above: they connect to these, this app never imports them."""

from django.dispatch import Signal

# A person's taste changed: their next first page must be built anew. Argument: user_id.
taste_changed = Signal()
