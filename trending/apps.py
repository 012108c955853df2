from django.apps import AppConfig


class TrendingConfig(AppConfig):
    name = "trending"

    def ready(self) -> None:
        from trending import receivers  # noqa: F401 - connects to the news of the apps below
