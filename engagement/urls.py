from rest_framework.routers import SimpleRouter

from engagement.creator_views import CreatorViewSet
from engagement.me_views import MeViewSet
from engagement.views import VideoViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reels", VideoViewSet, basename="video")
router.register("creators", CreatorViewSet, basename="creator")
router.register("", MeViewSet, basename="me")
urlpatterns = router.urls
