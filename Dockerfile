# Two images from one file: `host` is all that a device host needs (no torch, no SQL), `farm` is everything.
FROM python:3.11-slim AS host
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home farm \
    # Volumes that are mounted here take over this owner; the repository that is mounted belongs to somebody else.
    && install --directory --owner farm --group farm /store /cache \
    && git config --system --add safe.directory /repository
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY farm farm
COPY workers workers
COPY mcore mcore
COPY models models
RUN pip install --no-cache-dir -c constraints.txt .
USER farm
ENV PYTHONUNBUFFERED=1

FROM host AS farm
USER root
RUN pip install --no-cache-dir -c constraints.txt '.[all]'
USER farm
