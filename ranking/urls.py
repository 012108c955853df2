from rest_framework.routers import SimpleRouter

from ranking.views import FeedViewSet
from ranking.warmup_views import CacheWarmupViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reels", FeedViewSet, basename="feed")
router.register("admin/cache-warmup", CacheWarmupViewSet, basename="cache-warmup")
urlpatterns = router.urls
