"""The address of the feed, whole: taking addresses apart level by level would be a tenth of the work of serving one."""

from rest_framework.routers import SimpleRouter

from ranking.views import FeedViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("api/v1/reels", FeedViewSet, basename="feed")
urlpatterns = router.urls
