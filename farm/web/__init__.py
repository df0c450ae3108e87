"""The farm's pages and its API: what was recorded, to read in a browser and by a program. Nothing here changes anything."""

#: What the pages and the API need on top of what the farm does.
WEB_LIBRARIES = ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn")
