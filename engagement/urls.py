from rest_framework.routers import SimpleRouter

from engagement.views import VideoViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reels", VideoViewSet, basename="video")
urlpatterns = router.urls
