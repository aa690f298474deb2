"""People, studios and purchases for the tests."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from workspaces.models import Membership, SignUp, User

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[Any]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@studio.test")
    name = factory.Sequence(lambda n: f"Person {n}")
    language = "de"


class MembershipFactory(DjangoModelFactory[Any]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = "owner"


class SignUpFactory(DjangoModelFactory[Any]):
    class Meta:
        model = SignUp

    email = factory.Sequence(lambda n: f"buyer{n}@studio.test")
    studio = "Eisenwerk Köln"
    plan_id = "PRO"
