FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/confirm-safe

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

# Run from here, as on a machine: building a package would take a build tool that no hash holds.
COPY LICENSE policy.example.toml ./
COPY handlers ./handlers
COPY bot ./bot
RUN python -m compileall -q bot handlers \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin confirm-safe \
    && install -d -o confirm-safe -g confirm-safe -m 0700 /var/lib/confirm-safe

USER 10001
VOLUME /var/lib/confirm-safe
# Slack's requests come through the proxy in front; the operator's port (9464) stays inside the container.
ENV HOST=0.0.0.0 PORT=3000 DATABASE_URL=sqlite:////var/lib/confirm-safe/confirm-safe.db LOG_FORMAT=json
EXPOSE 3000

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('ADMIN_PORT') or 9464), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
