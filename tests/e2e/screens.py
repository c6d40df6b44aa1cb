"""What is held of every screen, whatever it shows, and the pictures for the documentation.

`hold` asks the page itself, so that a new screen is measured by being visited; it knows no screen by name.
"""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp
from PIL import Image
from playwright.async_api import Page, expect

from tests.e2e.conftest import PHONE, SCREENS, UPRIGHT

ASKED = os.environ.get("DIENHONG_SCREENS", "")
WITH_PICTURES = bool(ASKED)
#: "1": the documentation's pictures, to docs/screens; else a folder for all of them, to be looked through.
ALL = ASKED not in ("", "1")
FOLDER = Path(ASKED) if ALL else SCREENS
COLOURS = 128
#: Shown in the documentation also in the dark, in English and on smaller devices.
CHOSEN = {"room-chair", "room-member", "vote", "bridge", "desk", "prepare", "minutes", "projector-page"}
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}

#: Everything wrong with what the page shows now, in words; `fingers`: what is pressed must be 44 px high.
_FAULTS = """fingers => {
    const faults = []
    const root = document.documentElement
    const shown = element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    const name = element => `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> ` +
        `“${(element.innerText ?? '').trim().slice(0, 60)}”`
    if (root.scrollWidth > root.clientWidth + 1) {
        const wide = [...document.querySelectorAll('body *')].filter(element =>
            shown(element) && element.getBoundingClientRect().right > root.clientWidth + 1)
        faults.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}: ${wide.slice(0, 3).map(name)}`)
    }
    const pressed = 'button, a[href], [role=button], [role=tab], [role=menuitem]'
    for (const element of document.querySelectorAll(pressed)) {
        const { display, clipPath } = getComputedStyle(element)
        const height = element.getBoundingClientRect().height
        if (!fingers || !shown(element) || element.closest('[inert], article') || clipPath !== 'none') continue
        if (display !== 'inline' && height > 0 && height < 43.5)
            faults.push(`only ${Math.round(height)} px high: ${name(element)}`)
    }
    const cuts = overflow => overflow === 'hidden' || overflow === 'clip'
    const scrolls = overflow => overflow === 'auto' || overflow === 'scroll'
    const range = document.createRange()
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const owner = texts.currentNode.parentElement
        if (texts.currentNode.data.trim() === '' || !shown(owner) || owner.closest('[inert]')) continue
        range.selectNodeContents(texts.currentNode)
        const text = range.getBoundingClientRect()
        for (let around = owner; around !== document.body; around = around.parentElement) {
            const style = getComputedStyle(around)
            if (style.clipPath !== 'none') break // for readers only
            if (around.title.includes(texts.currentNode.data)) break // the whole is told another way
            if (scrolls(style.overflowX) || scrolls(style.overflowY)) break
            const box = around.getBoundingClientRect()
            if (cuts(style.overflowX) && (text.left < box.left - 2 || text.right > box.right + 2))
                faults.push(`cut at the side: “${texts.currentNode.data.slice(0, 60)}” by ${name(around)}`)
            else if (cuts(style.overflowY) && (text.top < box.top - 5 || text.bottom > box.bottom + 5))
                faults.push(`cut above or below: “${texts.currentNode.data.slice(0, 60)}” by ${name(around)}`)
            else continue
            break
        }
    }
    const key = /^[a-z][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)+$|\\{\\{/
    const words = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) words.push(walker.currentNode.data)
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]'))
        for (const which of ['aria-label', 'placeholder', 'title'])
            words.push(element.getAttribute(which) ?? '')
    words.push(document.title)
    for (const word of words)
        if (key.test(word.trim())) faults.push(`not translated: ${word.trim()}`)
    return faults
}"""


@dataclass
class Show:
    """Holds every screen and keeps its picture; a fault is told with the screen and size it was seen in."""

    visited: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def screen(self, page: Page, name: str, *, fingers: bool = True, dark: bool = False) -> None:
        """The screen as it stands, at its main size."""
        await self._hold(page, name, "vi", "light", fingers, keep=ALL or not name.startswith("long-"))
        if dark and (ALL or (WITH_PICTURES and name in CHOSEN)):
            await page.emulate_media(color_scheme="dark")
            await self._hold(page, name, "vi", "dark", fingers, keep=True)
            await page.emulate_media(color_scheme="light")

    async def everywhere(
        self, page: Page, name: str, *, fingers: bool = True, small: bool = True, english: bool = True
    ) -> None:
        """The same in the dark, on smaller devices and in English; the page is left as it was."""
        await self.screen(page, name, fingers=fingers, dark=True)
        size = page.viewport_size or UPRIGHT
        for smaller in (UPRIGHT, PHONE) if small else ():
            await page.set_viewport_size(smaller)  # type: ignore[arg-type]
            await self._hold(page, name, "vi", "light", fingers, keep=ALL or name in CHOSEN)
        await page.set_viewport_size(size)
        if english and (ALL or (WITH_PICTURES and name in CHOSEN)):
            await speak(page, "en")
            await self._hold(page, name, "en", "light", fingers, keep=True)
            await speak(page, "vi")

    async def _hold(self, page: Page, name: str, language: str, scheme: str, fingers: bool, keep: bool) -> None:
        await settled(page)
        size = page.viewport_size or UPRIGHT
        called = f"{name}.{language}.{scheme}.{size['width']}x{size['height']}"
        self.visited.append(called)
        found = await page.evaluate(_FAULTS, fingers)
        self.faults += [f"{called}: {fault}" for fault in dict.fromkeys(found)]
        self.faults += [f"{called}: console: {line}" for line in page.errors]  # type: ignore[attr-defined]
        page.errors.clear()  # type: ignore[attr-defined]
        if WITH_PICTURES and keep:
            await keep_picture(page, called)


async def settled(page: Page) -> None:
    """Movement has ended, faces are there, nothing is a skeleton any more."""
    await page.evaluate(
        """async () => {
            await document.fonts.ready
            const ended = document.getAnimations()
                .filter(one => Number.isFinite(one.effect?.getComputedTiming().endTime))
                .map(one => one.finished.catch(() => undefined))
            await Promise.race([Promise.all(ended), new Promise(done => setTimeout(done, 1000))])
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
        }"""
    )


async def speak(page: Page, language: str) -> None:
    """Chosen where the screen offers it; on the wall, which has no menu, on the device."""
    menu = page.get_by_role("button", name=re.compile("^(Tài khoản|Account)"))
    choice = page.get_by_text(LANGUAGES[language], exact=True)
    if await menu.count():
        await menu.first.click()
    if await menu.count() or await choice.count():
        await choice.click()
        await expect(page.locator(f"html[lang={language}]")).to_have_count(1)
        await page.keyboard.press("Escape")
        await page.evaluate("document.activeElement?.blur()")
        await page.mouse.move(1, 1)
        return
    await page.evaluate("language => localStorage.setItem('dienhong-language', language)", language)
    await page.reload()
    await expect(page.locator("h1, h2").first).to_be_visible()
    await page.wait_for_timeout(1_500)  # a page of paper is drawn again, for the picture only


async def keep_picture(page: Page, name: str) -> None:
    """A palette of 128 colours: documentation that does not weigh down the repository."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled"))).convert("RGB")
    few = shot.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


@dataclass
class Caller:
    """One person over HTTP: to set a scene quickly, never what is under test."""

    session: aiohttp.ClientSession
    url: str
    me: dict[str, object]

    async def ask(self, method: str, path: str, body: object = None, **query: str) -> dict:  # type: ignore[type-arg]
        raw = body if isinstance(body, bytes) else None
        kind = "application/octet-stream" if raw is not None else "application/json"
        async with self.session.request(
            method,
            f"{self.url}/api{path}",
            data=raw if raw is not None else (json.dumps(body) if body is not None else None),
            params=query,
            headers={"Content-Type": kind, "Idempotency-Key": str(uuid4())},
        ) as answer:
            told = await answer.json(content_type=None)
            assert answer.status < 400, f"{method} {path}: {told}"
            return told  # type: ignore[no-any-return]

    async def do(self, meeting: str, kind: str, **what: object) -> str:
        """A command; what it made."""
        done = await self.ask("POST", f"/meetings/{meeting}/commands", {"kind": kind, **what})
        return str(done["id"])

    async def link(self, person: str) -> str:
        """A fresh way in for somebody."""
        made = await self.ask("POST", f"/people/{person}/links")
        return f"{self.url}/link#{made['code']}"


async def caller(session: aiohttp.ClientSession, url: str, way: str) -> Caller:
    async with session.post(f"{url}/api/session/link", json={"code": way.split("#")[1]}) as answer:
        told = await answer.json()
        assert answer.status == 200, told
    session.headers["Authorization"] = f"Bearer {told['access_token']}"
    return Caller(session, url, told["me"])
