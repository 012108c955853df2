from django.apps import AppConfig


class RankingConfig(AppConfig):
    name = "ranking"

    def ready(self) -> None:
        from ranking import receivers  # noqa: F401 - connects to the news of the apps below
