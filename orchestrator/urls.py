"""Every address of the site."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, include, path

from orchestrator.api.health import healthz, readyz
from orchestrator.choreography.views import receive
from orchestrator.operations.site import admin_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("designer.urls")),
    path("login", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout", LogoutView.as_view(next_page="login"), name="logout"),
    path("tasks/", include("orchestrator.worklist.urls")),
    path("admin/", admin_site.urls),
    path("api/v1/", include("orchestrator.api.urls")),
    path("hooks/<slug:name>", receive, name="hook"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
