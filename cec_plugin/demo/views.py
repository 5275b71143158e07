"""The campus' own pages: who you are, your courses, and a button to finish one."""

import os

from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from cec_plugin.demo import campus
from cec_plugin.demo.models import Certificate, Course
from cec_plugin.demo.seed import PERSONAS


def home(request: HttpRequest) -> HttpResponse:
    """Show the people to be, or the courses of who one is."""
    courses = []
    if request.user.is_authenticated:
        finished = set(
            Certificate.objects.filter(user=request.user, status="downloadable").values_list(
                "course_id", flat=True
            )
        )
        courses = [(course, course.pk in finished) for course in Course.objects.order_by("title")]
    return render(
        request,
        "cec_demo/home.html",
        {
            "courses": courses,
            "personas": PERSONAS,
            "registry": os.environ.get("CEC_DEMO_REGISTRY", ""),
        },
    )


@require_POST
def enter(request: HttpRequest, username: str) -> HttpResponse:
    """Become one of the demo's people with one click; nobody else can be entered so."""
    known = {persona.username for persona in PERSONAS}
    user = get_object_or_404(get_user_model(), username=username, username__in=known)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("campus")


@require_POST
@login_required
def finish(request: HttpRequest) -> HttpResponse:
    """Finish a course: the certificate is made and the platform's own event is sent."""
    course = get_object_or_404(Course, key=request.POST.get("course", ""))
    campus.finish(request.user, course)
    return redirect("cec_plugin:my_credits")
