"""The contrasts that WCAG asks for, computed from the tokens themselves, in both themes."""

import re
from math import cos, radians, sin

import pytest
from django.conf import settings

TOKENS = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
OKLCH = r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)"
THEMES = ["light", "dark"]
BACKGROUNDS = ["sel", "sable"]


def colour(name, theme):
    light_dark = re.search(rf"--{name}: light-dark\({OKLCH}, {OKLCH}\)", TOKENS)
    if light_dark:
        parts = light_dark.groups()
        return [float(part) for part in (parts[:3] if theme == "light" else parts[3:])]
    return [float(part) for part in re.search(rf"--{name}: {OKLCH}", TOKENS).groups()]


def linear_rgb(lightness, chroma, hue):
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return [min(max(channel, 0), 1) for channel in rgb]


def luminance(name, theme):
    red, green, blue = linear_rgb(*colour(name, theme))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second, theme):
    lighter, darker = sorted([luminance(first, theme), luminance(second, theme)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_wcag():
    white, black = linear_rgb(1, 0, 0), linear_rgb(0, 0, 0)

    assert [round(channel, 3) for channel in white] == [1, 1, 1]
    assert black == [0, 0, 0]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("text", ["encre", "encre-douce", "large"])
def test_what_is_read_at_length_has_a_contrast_of_seven(text, background, theme):
    ratio = contrast(text, background, theme)

    assert ratio >= 7


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "background"),
    [
        *[(tone, background) for tone in ("garrigue", "terre-cuite") for background in BACKGROUNDS],
        *[("ecume", f"teinte-{number}") for number in range(1, 7)],
        ("ecume", "nuit"),
        ("ecume-douce", "nuit"),
        ("nuit", "soleil"),
        ("action-texte", "action"),
        ("action-texte", "action-vive"),
        ("action-texte", "terre-cuite"),
    ],
)
def test_other_text_has_a_contrast_of_four_and_a_half(text, background, theme):
    ratio = contrast(text, background, theme)

    assert ratio >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("line", "background"),
    [
        *[
            (line, background)
            for line in ("trait", "ocre", "large", "garrigue", "terre-cuite")
            for background in BACKGROUNDS
        ],
        ("soleil", "nuit"),
    ],
)
def test_borders_icons_and_focus_have_a_contrast_of_three(line, background, theme):
    ratio = contrast(line, background, theme)

    assert ratio >= 3
