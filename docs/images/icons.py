"""Draws the web app's icons for home screens from its ``icon.svg``: not all phones take SVG.

    .venv/bin/python docs/images/icons.py

Needs Debian's chromium and chromium-driver.
"""

import base64
import re
import shutil
from pathlib import Path

from selenium import webdriver

STATIC = Path(__file__).parents[2] / "gateway" / "page" / "static"
DRAWING = (STATIC / "icon.svg").read_text()
SHARP = re.sub(r' rx="14"', "", DRAWING)
# within the circle that a launcher may cut out
SMALLER = SHARP.replace("<g ", '<g transform="translate(9.6 9.6) scale(0.7)" ')
ICONS = {
    "icons/192.png": (DRAWING, 192),
    "icons/512.png": (DRAWING, 512),
    "icons/maskable-512.png": (SMALLER, 512),
    # iOS rounds the corners by itself
    "icons/apple-touch.png": (SHARP, 180),
}


def open_browser() -> webdriver.Chrome:
    """Return a browser without a background."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    nothing = {"color": dict.fromkeys("rgba", 0)}
    browser.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", nothing)
    return browser


def draw(browser: webdriver.Chrome, drawing: str, size: int) -> bytes:
    """Return a drawing as PNG."""
    sized = drawing.replace("<svg ", f'<svg width="{size}" height="{size}" ')
    page = f"<!DOCTYPE html><style>* {{ margin: 0 }} svg {{ display: block }}</style>{sized}"
    browser.get(f"data:text/html;base64,{base64.b64encode(page.encode()).decode()}")
    metrics = {"width": size, "height": size, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    clip = {"x": 0, "y": 0, "width": size, "height": size, "scale": 1}
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
    return base64.b64decode(taken["data"])


def main() -> None:
    """Draw all of them."""
    browser = open_browser()
    try:
        for name, (drawing, size) in ICONS.items():
            (STATIC / name).write_bytes(draw(browser, drawing, size))
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
