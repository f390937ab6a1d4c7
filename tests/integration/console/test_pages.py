"""What every page has: headers, a language, a theme, a way for the keyboard; and problems that are pages too."""

from __future__ import annotations

import re

import pytest

from tests.support.console import Desk

HREF = re.compile(r'(?:href|src)="(/static/[^"]+)"')


async def test_a_page_lets_the_browser_load_nothing_from_elsewhere_and_run_nothing_of_its_own(desk: Desk) -> None:
    visitor = await desk.visitor()
    for response in (await visitor.get("/"), await visitor.get("/nowhere"), await (await desk.stranger()).get("/")):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"
        assert response.headers["cache-control"] == "no-store"
        assert " style=" not in response.text
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|<style|https?://", response.text)


async def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(desk: Desk) -> None:
    visitor = await desk.visitor()
    paths = set(HREF.findall(await visitor.see("/")))
    assert {path.rpartition("/")[2] for path in paths} == {"console.css", "console.js", "htmx.min.js", "icon.svg"}
    for path in paths:
        response = await visitor.get(path)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["x-content-type-options"] == "nosniff"
    old = await visitor.get("/static/0000000000000000/console.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-store")
    for path in ("/static/0/../routing.py", "/static/0/nothing.css", "/static/0/vendor/SHA256SUMS"):
        assert (await visitor.get(path)).status_code == 404


async def test_a_page_that_is_not_there_is_a_page_and_the_api_answers_problems(desk: Desk) -> None:
    visitor = await desk.visitor()
    page = await visitor.get("/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert visitor.person in page.text
    for response in (await visitor.get("/v1/nowhere"), await visitor.get("/nowhere", Accept="application/json")):
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_nothing_beside_the_console_runs_scripts_in_its_place(desk: Desk, path: str) -> None:
    response = await (await desk.stranger()).client.get(path, follow_redirects=True)
    assert "html" not in response.headers["content-type"] or "content-security-policy" in response.headers


async def test_the_language_is_the_browsers_until_it_is_chosen(desk: Desk) -> None:
    visitor = await desk.visitor(**{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert '<html lang="zh-Hans"' in await visitor.see("/")
    response = await visitor.send("/preferences", {"language": "en", "next": "/?owner=me"})
    assert (response.status_code, response.headers["location"]) == (303, "/?owner=me")
    assert '<html lang="en"' in await visitor.see("/")


async def test_the_theme_and_the_shortcuts_are_kept(desk: Desk) -> None:
    visitor = await desk.visitor()
    assert 'data-theme="auto"' in await visitor.see("/")
    assert "data-shortcuts" in await visitor.see("/")
    await visitor.send("/preferences", {"theme": "dark", "shortcuts": "off"})
    page = await visitor.see("/")
    assert 'data-theme="dark"' in page
    assert "data-shortcuts" not in page


@pytest.mark.parametrize("chosen", ["'><script>", "fr", ""])
async def test_a_choice_that_there_is_not_is_not_kept(desk: Desk, chosen: str) -> None:
    visitor = await desk.visitor()
    await visitor.send("/preferences", {"theme": chosen, "language": chosen})
    assert 'data-theme="auto"' in await visitor.see("/")


async def test_another_site_does_not_choose(desk: Desk) -> None:
    visitor = await desk.visitor()
    response = await visitor.send("/preferences", {"theme": "dark"}, **{"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


async def test_the_pages_are_not_in_the_document_of_the_api(desk: Desk) -> None:
    assert not any(
        path.startswith(("/sign", "/static", "/pref")) or path == "/" for path in desk.app.openapi()["paths"]
    )
