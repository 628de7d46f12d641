"""Units of weight and distance, by the words that columns and cells have for them."""

from decimal import Decimal

WEIGHTS = {
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms", "кг", "公斤", "千克"), "kg"),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds", "фунт", "фунта", "фунты", "фунтов"), "lb"),
}

DISTANCES = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres", "м", "米"), "m"),
    **dict.fromkeys(("km", "kilometers", "kilometres", "км", "公里", "千米"), "km"),
    **dict.fromkeys(("mi", "mile", "miles", "миля", "мили", "миль"), "mi"),
    **dict.fromkeys(("ft", "foot", "feet", "фут", "фута", "футы", "футов"), "ft"),
    **dict.fromkeys(("yd", "yds", "yard", "yards", "ярд", "ярда", "ярды", "ярдов"), "yd"),
}

METRES_IN = {
    "m": Decimal(1),
    "km": Decimal(1000),
    "mi": Decimal("1609.344"),
    "ft": Decimal("0.3048"),
    "yd": Decimal("0.9144"),
}
"""Mile, foot and yard are the international ones of 1959."""
