"""A stand-in for the parts of edx-platform that ``adapters/platform.py`` imports.

The models have the platform's names, fields and table names, and nothing else of it. The folder is
put on the path for the tests of that adapter alone: its packages are called ``lms``, ``common``,
``openedx`` and ``social_django`` and are never imported as ``tests.platform_double.…``.
"""

APPS = [
    "openedx.core.djangoapps.content.course_overviews",
    "common.djangoapps.student",
    "lms.djangoapps.certificates",
    "lms.djangoapps.grades",
    "social_django",
]
"""What a site has among its installed apps; those that others refer to stand first."""
