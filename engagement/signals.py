"""News for the floors above: they connect to these, this app never imports them."""

from django.dispatch import Signal

# The taste of some people changed: their next first page must be built anew. Argument: user_ids.
# A receiver returns False when Redis did not take it.
taste_changed = Signal()
