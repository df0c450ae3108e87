"""The farm's pages and its API: what was recorded, to read in a browser and by a program. Nothing here changes anything."""

#: What the extra ``web`` brings.
#: What the pages need on top of that.
WEB_LIBRARIES = ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn")
