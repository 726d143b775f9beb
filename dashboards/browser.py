"""Drives a headless Chromium: signs in to Superset, opens dashboards, and reports what they show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1400, 900
# Pixels above and below the charts.
MARGIN = 190
LOADING = ".loading, [data-test='loading-indicator'], .ant-skeleton"
ERRORS = "[role='alert'], .ant-alert-error, .error-boundary"
EMPTY = ("No results were returned", "No data")
WAIT_MS = 60_000


@dataclass(frozen=True, slots=True)
class DashboardView:
    """What a dashboard shows: names of its charts, texts of errors, names of charts without rows."""

    chart_names: list[str]
    errors: list[str]
    empty: list[str]


class Visitor:
    """A browser page on one Superset. `failures`: URLs with status 400 or more; `foreign_urls`: of other hosts."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.failures: list[str] = []
        self.foreign_urls: list[str] = []
        page.on("response", lambda answer: answer.status >= 400 and self.failures.append(answer.url))
        page.on("requestfinished", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname != "127.0.0.1":
            self.foreign_urls.append(url)

    def sign_in(self, user: str, password: str) -> None:
        """Sign in through the form."""
        self.page.goto(f"{self.address}/login/")
        self.page.fill("input[name=username], #username", user)
        self.page.fill("input[name=password], #password", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/superset/welcome/**", timeout=WAIT_MS)

    def look_at(self, slug: str, native_filters: str = "()") -> DashboardView:
        """Open a dashboard, wait until all of it has loaded, and report what it shows."""
        self.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        self.page.goto(f"{self.address}/superset/dashboard/{slug}/?native_filters={quote(native_filters)}")
        self.page.wait_for_selector(".chart-slice", timeout=WAIT_MS)
        # Charts load when they come into view, so the window is made as tall as the page.
        height = self.page.locator(".grid-container").evaluate("grid => grid.scrollHeight") + MARGIN
        self.page.set_viewport_size({"width": WIDTH, "height": max(HEIGHT, height)})
        self.page.wait_for_timeout(2000)
        expect(self.page.locator(f".grid-container :is({LOADING})")).to_have_count(0, timeout=WAIT_MS)
        self.page.wait_for_timeout(1000)
        charts = self.page.locator(".chart-slice").all()
        names = [chart.get_attribute("data-test-chart-name") or "" for chart in charts]
        texts = [chart.inner_text() for chart in charts]
        return DashboardView(
            chart_names=sorted(names),
            errors=[error.inner_text() for error in self.page.locator(f".grid-container :is({ERRORS})").all()],
            empty=[name for name, text in zip(names, texts, strict=True) if any(word in text for word in EMPTY)],
        )

    def number_of(self, slug: str, chart: str, native_filters: str = "()") -> int:
        """The number that a chart shows. `native_filters`: in Rison, as in a dashboard's URL."""
        self.look_at(slug, native_filters)
        return int(self._of(chart).locator(".header-line").inner_text().replace(",", ""))

    def cells(self, chart: str, column: int) -> list[str]:
        """The texts of a column of a table, from the top."""
        rows = self._of(chart).locator("tbody tr").all()
        return [row.locator("td").nth(column).inner_text().strip() for row in rows]

    def click(self, chart: str, text: str) -> None:
        """Click a cell of a table, and wait until the other charts have followed."""
        self._of(chart).locator("td").filter(has_text=text).first.click()
        self.page.wait_for_timeout(2000)
        expect(self.page.locator(f".grid-container :is({LOADING})")).to_have_count(0, timeout=WAIT_MS)

    def _of(self, chart: str) -> Locator:
        return self.page.locator(f".chart-slice[data-test-chart-name='{chart}']")

    def ask(self, sql: str) -> str:
        """SQL Lab's response to a query, as JSON."""
        session = self.page.request
        token = session.get(f"{self.address}/api/v1/security/csrf_token/").json()["result"]
        answer = session.post(
            f"{self.address}/api/v1/sqllab/execute/",
            headers={"X-CSRFToken": token, "Referer": self.address},
            data={"database_id": 1, "schema": "marts", "sql": sql, "client_id": uuid4().hex[:10]},
        )
        return answer.text()

    def picture(self, path: Path) -> None:
        """Save a screenshot, reduced to its 256 commonest colours: a third of the bytes."""
        screenshot = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
        counted = sorted(screenshot.getcolors(screenshot.width * screenshot.height) or [], reverse=True)[:256]
        palette = Image.new("P", (1, 1))
        palette.putpalette([part for _, colour in counted for part in colour])
        screenshot.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def visitor(address: str) -> Iterator[Visitor]:
    """A visitor of the Superset at `address` during the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield Visitor(browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}), address)
        finally:
            browser.close()
