# One image for web, worker and beat; the command says which (docker-compose.yml).
FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/pilar
COPY requirements.txt .
RUN /opt/pilar/bin/pip install --require-hashes -r requirements.txt

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /srv/pilar --shell /usr/sbin/nologin pilar \
    && install -d -o pilar -g pilar -m 0700 /var/lib/pilar
COPY --from=packages /opt/pilar /opt/pilar
WORKDIR /srv/pilar
COPY manage.py ./
COPY pilar pilar
COPY workspaces workspaces
COPY provisioning provisioning
COPY coach coach
COPY health health
COPY affiliates affiliates
COPY templates templates
COPY static static
ENV PATH=/opt/pilar/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=pilar.settings \
    PILAR_BIND=0.0.0.0 \
    PILAR_DATA_DIR=/var/lib/pilar \
    STATIC_ROOT=/srv/pilar/collected
# The settings want values; none of these is in the image.
RUN DJANGO_SECRET_KEY=build PILAR_ENCRYPTION_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= CRON_SECRET=build PILAR_SANDBOX=1 \
    DATABASE_URL=postgresql://build DATABASE_PLATFORM_URL=postgresql://build \
    python manage.py collectstatic --noinput
USER pilar
VOLUME /var/lib/pilar
EXPOSE 8000
CMD ["python", "-m", "pilar.runtime", "web"]
