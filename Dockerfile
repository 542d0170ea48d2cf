# Two stages: what builds Tipoff stays behind; the image that runs holds Python, a virtual environment and config/.

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/tipoff
ENV PATH="/opt/tipoff/bin:$PATH" PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock requirements-dev.lock ./
# Exactly the files that were locked, and no code of theirs runs while they are installed.
RUN pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY config config
# The build backend is fetched too: the lock of the developers' tools holds its hashes.
RUN pip install --no-deps --build-constraint requirements-dev.lock .

FROM python:3.13-slim
RUN groupadd --system --gid 10001 tipoff \
    && useradd --system --uid 10001 --gid tipoff --home-dir /app --no-create-home --shell /usr/sbin/nologin tipoff \
    && install --directory --owner=tipoff --group=tipoff --mode=0700 /app/data
COPY --from=build /opt/tipoff /opt/tipoff
ENV PATH="/opt/tipoff/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
# The shipped configuration; mount your own over it, read-only.
COPY config config
USER tipoff
# Where `[store] path` points by default; a new named volume takes over the owner of this folder.
VOLUME ["/app/data"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 CMD ["tipoff", "status", "--healthy"]
ENTRYPOINT ["tipoff"]
CMD ["run"]
