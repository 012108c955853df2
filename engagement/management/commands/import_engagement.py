from engagement.importing import import_engagement
from nova.management.bulk import BulkCommand


class Command(BulkCommand):
    help = "Load watches, likes and other events from JSON Lines. Loading a file again changes nothing."
    what = "events"
    load = staticmethod(import_engagement)
