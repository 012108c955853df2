from rest_framework.routers import SimpleRouter

from ranking.search.views import SearchViewSet
from ranking.warmup_views import CacheWarmupViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reels/search", SearchViewSet, basename="search")  # before engagement's `/reels/{id}`
router.register("admin/cache-warmup", CacheWarmupViewSet, basename="cache-warmup")
urlpatterns = router.urls
