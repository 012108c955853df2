from rest_framework.routers import SimpleRouter

from ranking.views import FeedViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reels", FeedViewSet, basename="feed")
urlpatterns = router.urls
