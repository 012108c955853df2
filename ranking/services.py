"""What staff do: activate a weight set, ramp a flag."""

from decimal import Decimal

from django.db import transaction

from ranking import settings
from ranking.models import FeatureFlag, WeightSet


@transaction.atomic
def activate(*, weight_set: WeightSet) -> None:
    """Make this the one set that ranks. Raises ValidationError when it is not sound."""
    weight_set.full_clean(validate_constraints=False)
    WeightSet.objects.select_for_update().filter(is_active=True).exclude(pk=weight_set.pk).update(is_active=False)
    weight_set.is_active = True
    weight_set.save()
    transaction.on_commit(settings.forget)


def set_flag(*, name: str, percent: Decimal) -> FeatureFlag:
    """Turn a flag on for a share of people. Raises ValidationError outside 0 to 100."""
    flag = FeatureFlag.objects.filter(name=name).first() or FeatureFlag(name=name)
    flag.percent = percent
    flag.full_clean()
    flag.save()
    settings.forget()
    return flag
