"""What the tests have of npm. `python -m tests.interop` installs it ahead of them, whose time is limited."""

import json
from pathlib import Path

from tests.interop.npm import Recipe

FIREBASE_SDK = Recipe(
    "firebase-sdk", {"private": True, "dependencies": {"@firebase/app": "0.16.2", "@firebase/database": "1.1.5"}}
)

FIREBASE_SERVER = Recipe(
    "firebase-server",
    {
        "private": True,
        "dependencies": {"firebase-server": "1.1.0", "firebase": "file:./shim"},
        "overrides": {"firebase": "$firebase"},
    },
    {
        "shim/package.json": json.dumps(
            {
                "name": "firebase",
                "version": "7.24.0",
                "main": "index.js",
                "dependencies": {
                    "@firebase/app": "0.6.11",
                    "@firebase/app-types": "0.6.1",
                    "@firebase/database": "0.6.13",
                },
            }
        ),
        "shim/index.js": (
            "'use strict';\n"
            "const app = require('@firebase/app');\n"
            "require('@firebase/database');\n"
            "module.exports = app.default || app.firebase || app;\n"
        ),
        "shim/app.js": "module.exports = require('./index.js');\n",
    },
)
"""It asks for a `firebase` package whose newest version does not install and has another API; a small package of that
name with the two parts it uses stands in for it."""

AXE = Recipe("axe", {"private": True, "dependencies": {"axe-core": "4.10.3"}})

OPENFEATURE = Recipe(
    "openfeature",
    {
        "private": True,
        "type": "module",
        "dependencies": {
            "@openfeature/core": "1.12.0",
            "@openfeature/ofrep-provider": "0.1.3",
            "@openfeature/ofrep-web-provider": "0.4.3",
            "@openfeature/server-sdk": "1.23.0",
            "@openfeature/web-sdk": "1.10.0",
            "eventsource": "4.1.1",
        },
    },
    {"scenario.mjs": Path(__file__).with_name("openfeature.mjs").read_text(encoding="utf-8")},
)
"""The official clients for JavaScript; `scenario.mjs` takes SCENARIO, URL and ROUTE from its environment."""

ALL = (FIREBASE_SDK, FIREBASE_SERVER, AXE, OPENFEATURE)
