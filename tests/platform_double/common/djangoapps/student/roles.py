"""The platform's role classes: how its own code gives a role, and asks who has one."""

from typing import Any

from common.djangoapps.student.models import CourseAccessRole
from django.contrib.auth.models import User
from django.db.models import QuerySet
from opaque_keys.edx.django.models import CourseKeyField
from opaque_keys.edx.keys import CourseKey


class RoleBase:
    """A role by name, in an organization, in one course run of it."""

    def __init__(self, role_name: str, org: str = "", course_key: CourseKey | None = None) -> None:
        self.org = org
        self.course_key = CourseKeyField.Empty if course_key is None else course_key
        self._role_name = role_name

    def add_users(self, *users: Any) -> None:
        for user in users:
            CourseAccessRole.objects.create(
                user=user, role=self._role_name, course_id=self.course_key, org=self.org
            )

    def users_with_role(self) -> QuerySet[User]:
        return User.objects.filter(
            courseaccessrole__role=self._role_name,
            courseaccessrole__org=self.org,
            courseaccessrole__course_id=self.course_key,
        )


class CourseStaffRole(RoleBase):
    """The staff of one course run."""

    def __init__(self, course_key: CourseKey) -> None:
        super().__init__("staff", course_key.org, course_key)


class CourseInstructorRole(RoleBase):
    """Who administers one course run."""

    def __init__(self, course_key: CourseKey) -> None:
        super().__init__("instructor", course_key.org, course_key)


class CourseBetaTesterRole(RoleBase):
    """Who tries one course run out before it opens."""

    def __init__(self, course_key: CourseKey) -> None:
        super().__init__("beta_testers", course_key.org, course_key)


class OrgStaffRole(RoleBase):
    """Staff of every course run of an organization."""

    def __init__(self, org: str) -> None:
        super().__init__("staff", org)


class OrgInstructorRole(RoleBase):
    """Who administers every course run of an organization."""

    def __init__(self, org: str) -> None:
        super().__init__("instructor", org)
