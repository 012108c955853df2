from nova.management.bulk import BulkCommand
from reels.catalogue import import_catalogue


class Command(BulkCommand):
    help = "Load videos from JSON Lines. Loading a file again changes nothing."
    what = "videos"
    load = staticmethod(import_catalogue)
