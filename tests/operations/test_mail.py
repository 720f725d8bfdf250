from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from orchestrator.alerts.mailbox import EmailBackend, list_messages

pytestmark = pytest.mark.django_db
HOSTILE = "<p>Hello</p><script>parent.document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture
def written() -> str:
    message = EmailMultiAlternatives(
        "2 orders <i>stuck</i>", "Two orders wait.", "a@example.org", ["night@example.org"]
    )
    message.attach_alternative(HOSTILE, "text/html")
    EmailBackend().send_messages([message])
    return list_messages()[0].id


def test_the_empty_box_says_where_mails_come_from(client: Client) -> None:
    assert "No mails yet" in client.get(reverse("admin:operations_mail")).content.decode()


def test_a_mail_is_listed_and_read(client: Client, written: str) -> None:
    listed = client.get(reverse("admin:operations_mail")).content.decode()
    assert "2 orders &lt;i&gt;stuck&lt;/i&gt;" in listed
    assert "night@example.org" in listed
    page = client.get(reverse("admin:operations_message", args=[written])).content.decode()
    assert "Two orders wait." in page
    assert "owned" not in page
    assert 'sandbox="' in page
    assert "allow-scripts" not in page
    assert "allow-same-origin" not in page


def test_the_html_part_comes_under_a_policy_which_lets_nothing_run(client: Client, written: str) -> None:
    response = client.get(reverse("admin:operations_message_html", args=[written]))
    assert response.content.decode().strip() == HOSTILE
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("name", ["20261124T054937746488-257fdc2a", "..%2f..%2fetc%2fpasswd", "x"])
def test_an_unknown_mail_is_404(client: Client, name: str) -> None:
    assert client.get(f"/admin/operations/mail/{name}/").status_code == 404
    assert client.get(f"/admin/operations/mail/{name}/html/").status_code == 404
