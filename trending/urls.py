from rest_framework.routers import SimpleRouter

from trending.views import DiscoverViewSet, TrendingViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reels", TrendingViewSet, basename="trending")
router.register("discover", DiscoverViewSet, basename="discover")
urlpatterns = router.urls
