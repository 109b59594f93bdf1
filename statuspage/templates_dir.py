"""Where the templates are: inside the package in an installed wheel, beside it in a checkout."""

from pathlib import Path


def templates_dir() -> Path:
    """The folder that holds `public/`, `drill/` and the rest. Raises FileNotFoundError with the places tried."""
    package = Path(__file__).resolve().parent
    places = (package / "templates", package.parent / "templates")
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"no templates folder, neither {places[0]} nor {places[1]}")
